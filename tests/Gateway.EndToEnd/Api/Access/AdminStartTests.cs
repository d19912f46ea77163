using System.Collections;
using System.Net;
using System.Net.Http.Headers;
using BlazeGateway.Api.Access;
using BlazeGateway.Configuration;
using BlazeGateway.Hosting;

namespace BlazeGateway.EndToEnd.Api.Access;

/// <summary>What changes while the gateway starts.</summary>
public sealed class AdminStartTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_token_taken_away_while_the_gateway_starts_opens_nothing()
    {
        var (kept, taken) = (new string('k', 40), new string('t', 40));
        _directory.Write("appsettings.json", Settings(("kept", kept), ("taken", taken)));
        var variables = new Reread(() => _directory.Write("appsettings.json", Settings(("kept", kept))));
        await using var host = await GatewayHost.CreateAsync(new GatewayHostOptions
        {
            Sources = new ConfigurationSources
            {
                Files = new ConfigurationFiles { Settings = Path.Combine(_directory.Path, "appsettings.json") },
                InMemoryRoutes = new RoutesText("test", GatewayFixture.Routes([new Uri("http://127.0.0.1:9")])),
                Variables = variables,
                CommandLine = [KeyValuePair.Create("Proxy:Urls", "http://127.0.0.1:0"), KeyValuePair.Create("Admin:Url", "http://127.0.0.1:0")],
            },
        });
        await host.StartAsync(TestContext.Current.CancellationToken);
        using var admin = BlazeProcess.NewClient(host.Listeners.AdminAddress);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (await AskAsync(admin, kept), await AskAsync(admin, taken)));
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static string Settings(params (string Name, string Token)[] tokens) =>
        $$"""{ "Admin": { "Tokens": { {{string.Join(", ", tokens.Select(token => $$"""
            "{{token.Name}}": { "Hash": "{{Convert.ToHexString(AdminTokenText.HashOf(token.Token))}}", "Role": "admin" }
            """))}} } } }""";

    private static async Task<HttpStatusCode> AskAsync(HttpClient admin, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/config");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await admin.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    /// <summary>No variables; the first time they are asked for, which is after the files were read, something happens.</summary>
    private sealed class Reread(Action happens) : IReadOnlyList<KeyValuePair<string, string>>
    {
        private int _asked;

        public int Count => 0;

        public KeyValuePair<string, string> this[int index] => throw new ArgumentOutOfRangeException(nameof(index));

        public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
        {
            if (Interlocked.Increment(ref _asked) == 1)
            {
                happens();
            }

            return Enumerable.Empty<KeyValuePair<string, string>>().GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
