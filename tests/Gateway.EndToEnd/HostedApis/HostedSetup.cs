using System.Text.Json.Nodes;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.EndToEnd.Readme;
using BlazeGateway.EndToEnd.Sdk;

namespace BlazeGateway.EndToEnd.HostedApis;

/// <summary>
/// An example of the page on hosted APIs, run as it stands there but for three things: each address leads to a stand-in on this machine that has the
/// provider's name in its certificate, each key is a key the stand-in asks for, and the stand-ins' authority is trusted.
/// </summary>
internal sealed class HostedSetup : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly TestAuthority _authority = TestAuthority.Create("hosted APIs");

    private HostedSetup()
    {
    }

    public GatewayFixture Gateway { get; private set; } = null!;

    public Uri Through => Gateway.Proxy.BaseAddress!;

    /// <summary>Stand-ins by destination id.</summary>
    public Dictionary<string, HostedApi> Apis { get; } = new(StringComparer.Ordinal);

    /// <param name="title">Heading of the example.</param>
    /// <param name="kind">What the stand-ins speak.</param>
    /// <param name="models">Models they serve.</param>
    /// <param name="change">Further changes of the cluster.</param>
    public static async Task<HostedSetup> StartAsync(string title, string kind, string[] models, Action<JsonObject>? change = null)
    {
        var setup = new HostedSetup();
        var example = Example(title);
        var cluster = example["ReverseProxy"]!["Clusters"]!.AsObject().Single().Value!.AsObject();
        foreach (var (id, destination) in cluster["Destinations"]!.AsObject())
        {
            var address = new Uri((string)destination!["Address"]!);
            var options = new ModelServerHostOptions { Kind = kind, Models = models, Unpaced = true, ApiKey = KeyOf(id) };
            var api = await HostedApi.StartAsync(options, setup._authority.Issue(address.Host, [address.Host]));
            setup.Apis.Add(id, api);
            destination["Address"] = new UriBuilder(address) { Host = "127.0.0.1", Port = api.Port }.ToString();
            destination["Host"] = address.Host;
            var credential = cluster["Extensions"]!["Credentials"]![id]!;
            credential["Value"] = ((string)credential["Value"]!).StartsWith("Bearer ", StringComparison.Ordinal) ? $"Bearer {KeyOf(id)}" : KeyOf(id);
        }

        cluster["Extensions"]!["Tls"] = new JsonObject { ["CertificateAuthority"] = setup._directory.Write("ca.pem", setup._authority.Pem) };
        change?.Invoke(cluster);
        setup.Gateway = await GatewayFixture.StartAsync(example.ToJsonString());
        await TwoWays.AnsweringAsync(setup.Gateway);
        return setup;
    }

    /// <summary>The key that the stand-in of a destination asks for.</summary>
    public static string KeyOf(string destination) => $"sk-of-destination-{destination}";

    /// <summary>Checks what holds for every provider: nothing of the client's own credentials arrived, and nothing that is the gateway's.</summary>
    public void AssertNothingLeaked() => Assert.All(Apis.Values.SelectMany(api => api.Arrivals), arrival =>
    {
        Assert.DoesNotContain(arrival.Headers, header => header.Value.Contains(SdkClients.Key, StringComparison.Ordinal));
        Assert.DoesNotContain(SdkClients.Key, arrival.Target, StringComparison.Ordinal);
        Assert.DoesNotContain(arrival.Headers.Keys, name => name.StartsWith("X-Blaze-", StringComparison.OrdinalIgnoreCase));
    });

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        foreach (var api in Apis.Values)
        {
            await api.DisposeAsync();
        }

        _authority.Dispose();
        _directory.Dispose();
    }

    private static JsonNode Example(string title)
    {
        var page = File.ReadAllText(Path.Combine(MarkdownPage.Root, "docs", "reference", "hosted-apis.md")).ReplaceLineEndings("\n");
        var section = page[page.IndexOf($"## {title}\n", StringComparison.Ordinal)..];
        var from = section.IndexOf("```json\n", StringComparison.Ordinal) + "```json\n".Length;
        return JsonNode.Parse(section[from..section.IndexOf("```", from, StringComparison.Ordinal)])!;
    }
}
