using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.EndToEnd.Api.Access;

/// <summary>The login of the admin address as an operator meets it, with the program itself.</summary>
public sealed class AdminLoginTests : IDisposable
{
    private const string Reload = "/api/v1/config/reload";
    private readonly TemporaryDirectory _directory = new();

    public AdminLoginTests() => _directory.Write("routes.json", GatewayFixture.Routes([new Uri("http://127.0.0.1:9")]));

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("run", "--config", "routes.json", "--urls", "http://127.0.0.1:0", "--admin-url", "http://0.0.0.0:0")]
    [InlineData("run", "--config", "routes.json", "--Admin:Url=http://*:0")]
    [InlineData("run", "--demo", "--no-traffic", "--urls", "http://127.0.0.1:0", "--admin-url", "http://[::]:0")]
    public async Task It_does_not_start_where_others_could_use_it_without_a_token(params string[] words)
    {
        await using var blaze = BlazeProcess.Start(words, _directory.Path);

        Assert.Equal(2, await blaze.ExitAsync());
        Assert.Contains("which other machines can reach, and there is no token", blaze.Error, StringComparison.Ordinal);
        Assert.Contains("'blaze token new --name NAME --role admin'", blaze.Error, StringComparison.Ordinal);
        Assert.Contains("'blaze run --admin-url http://127.0.0.1:8090'", blaze.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_says_the_same()
    {
        _directory.Write("appsettings.json", """{ "Admin": { "Url": "http://0.0.0.0:8090" } }""");
        await using var blaze = BlazeProcess.Start(["validate", "--config", "routes.json"], _directory.Path);

        Assert.Equal(2, await blaze.ExitAsync());
        Assert.Contains("appsettings.json:1:21 Admin:Url is 'http://0.0.0.0:8090', which other machines can reach", blaze.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_loopback_there_is_no_login()
    {
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json"], _directory.Path);
        using var admin = BlazeProcess.NewClient(blaze.Admin);

        Assert.Contains("(loopback only, no login)", blaze.Error, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsync(Reload, null)).StatusCode);
        await blaze.WaitForAsync(text => text.Contains("\"Who\":\"local\",\"Role\":\"admin\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_token_new_prints_opens_the_door_and_taking_it_away_closes_it()
    {
        var (token, settings) = await NewTokenAsync("alice", "operator");
        _directory.Write("appsettings.json", settings);
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json"], _directory.Path, adminUrl: "http://0.0.0.0:0");
        using var admin = BlazeProcess.NewClient(blaze.Admin);
        Assert.Contains("(reachable from other machines, token needed, which travels unencrypted)", blaze.Error, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/livez")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await admin.GetAsync("/metrics")).StatusCode);
        admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var configuration = await admin.GetStringAsync("/api/v1/config");
        Assert.Contains("\"Hash\": \"***\"", configuration, StringComparison.Ordinal);

        foreach (var asVariable in new[] { false, true })
        {
            var (done, text) = await ReloadAsync(blaze, token, asVariable);
            Assert.Equal(0, done);
            Assert.StartsWith("Nothing changed since version 1, applied ", text, StringComparison.Ordinal);
        }

        var (code, refusal) = await ReloadAsync(blaze, null);
        Assert.Equal(1, code);
        Assert.Contains("give one by --token or the variable BLAZE_ADMIN_TOKEN", refusal, StringComparison.Ordinal);
        await blaze.WaitForAsync(text => text.Contains("\"Who\":\"alice\",\"Role\":\"operator\"", StringComparison.Ordinal) && text.Contains("token_missing", StringComparison.Ordinal));

        _directory.Write("appsettings.json", "{ \"Admin\": { \"Tokens\": { \"bob\": { \"Hash\": \"" + new string('0', 64) + "\" } } } }");
        await UntilAsync(async () => (await admin.GetAsync("/metrics")).StatusCode == HttpStatusCode.Unauthorized);
        Assert.DoesNotContain("take effect at the next start", blaze.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(token, blaze.Error + blaze.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(token, configuration, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_request_path_of_clients_passes_no_login()
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        var time = new StackTimeProvider();
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address]), time, ("Admin:Tokens:alice:Hash", new string('0', 64)));

        Assert.Equal(HttpStatusCode.OK, (await gateway.Proxy.GetAsync("/v1/models")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.Admin.GetAsync("/metrics")).StatusCode);
        Assert.NotEmpty(time.Requests);
        Assert.All(time.Requests, stack => Assert.DoesNotContain("Middleware.Invoke", Frames(stack, "Authenti", "Authori"), StringComparison.Ordinal));
    }

    private static string Frames(string stack, params string[] names) =>
        string.Join('\n', stack.Split('\n').Where(frame => Array.Exists(names, name => frame.Contains(name, StringComparison.Ordinal))));

    private async Task<(string Token, string Settings)> NewTokenAsync(string name, string role)
    {
        await using var blaze = BlazeProcess.Start(["token", "new", "--name", name, "--role", role, "--format", "json"], _directory.Path);
        Assert.Equal(0, await blaze.ExitAsync());
        var json = JsonDocument.Parse(blaze.Out).RootElement;
        return (json.GetProperty("token").GetString()!, json.GetProperty("configuration").GetRawText());
    }

    private async Task<(int Code, string Text)> ReloadAsync(BlazeProcess gateway, string? token, bool asVariable = false)
    {
        string[] words = token is null || asVariable ? [] : ["--token", token];
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["BLAZE_ADMIN_TOKEN"] = asVariable ? token! : "" };
        await using var blaze = BlazeProcess.Start(["reload", "--admin-url", gateway.Admin.ToString(), .. words], _directory.Path, variables);
        var code = await blaze.ExitAsync();
        return (code, (blaze.Out + blaze.Error).Trim());
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await condition())
        {
            await timer.WaitForNextTickAsync(patience.Token);
        }
    }

    /// <summary>The system's clock that remembers who asked for the time within the pipeline of clients' requests.</summary>
    private sealed class StackTimeProvider : TimeProvider
    {
        private readonly System.Collections.Concurrent.ConcurrentBag<string> _requests = [];

        public IReadOnlyCollection<string> Requests => _requests;

        public override long GetTimestamp()
        {
            var stack = new StackTrace().ToString();
            if (stack.Contains("RequestPipeline", StringComparison.Ordinal))
            {
                _requests.Add(stack);
            }

            return base.GetTimestamp();
        }
    }
}
