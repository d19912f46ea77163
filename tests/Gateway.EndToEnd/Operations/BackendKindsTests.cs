using System.Text;
using System.Text.Json.Nodes;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Policies;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary><c>blaze run --backend</c> in front of every kind of model server people run themselves.</summary>
public sealed class BackendKindsTests(ITestOutputHelper output)
{
    public static TheoryData<string> Kinds =>
    [
        ModelServerKinds.Vllm, ModelServerKinds.Sglang, ModelServerKinds.Tgi, ModelServerKinds.LlamaCpp, ModelServerKinds.Ollama, ModelServerKinds.Generic,
    ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task One_address_is_enough(string kind)
    {
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Kind = kind, Models = [$"{kind}-model"], Unpaced = true });
        var started = TimeProvider.System.GetTimestamp();
        await using var blaze = await Backends.ServeAsync(["--backend", server.Address.ToString()]);
        using var proxy = BlazeProcess.NewClient(blaze.Proxy);
        using var admin = BlazeProcess.NewClient(blaze.Admin);

        var answer = await ChatAsync(proxy, kind);
        output.WriteLine($"{kind}: serves {TimeProvider.System.GetElapsedTime(started).TotalMilliseconds:0} ms after its start");
        Assert.NotEmpty(answer);
        Assert.Contains($"{server.Address} is {kind} and serves {Listed(kind)}.", blaze.Error, StringComparison.Ordinal);
        Assert.Equal([kind], (await EffectiveAsync(admin))["Clusters"]!.AsObject().Select(cluster => (string?)cluster.Value!["Extensions"]!["ModelServer"]!["Kind"]), StringComparer.Ordinal);
        Assert.Equal([Listed(kind)], await ModelsAsync(proxy));
    }

    [Fact]
    public async Task The_printed_file_starts_the_same_gateway()
    {
        string[] kinds = [.. Kinds.Select(row => row.Data)];
        var servers = new List<ModelServerHost>();
        try
        {
            foreach (var kind in kinds)
            {
                servers.Add(await ModelServerHost.StartAsync(new ModelServerHostOptions { Kind = kind, Models = [$"{kind}-model"], Unpaced = true }));
            }

            string[] backends = [.. servers.SelectMany(server => new[] { "--backend", server.Address.ToString() })];
            using var directory = new TemporaryDirectory();
            directory.Write("routes.json", await Backends.PrintAsync(backends, directory.Path));
            await using var fromBackends = await Backends.ServeAsync(backends, directory.Path);
            await using var fromFile = await BlazeProcess.ServeAsync(["--config", "routes.json"], directory.Path);
            using var first = BlazeProcess.NewClient(fromBackends.Proxy);
            using var second = BlazeProcess.NewClient(fromFile.Proxy);
            using var firstAdmin = BlazeProcess.NewClient(fromBackends.Admin);
            using var secondAdmin = BlazeProcess.NewClient(fromFile.Admin);

            Assert.Equal((await EffectiveAsync(firstAdmin)).ToJsonString(), (await EffectiveAsync(secondAdmin)).ToJsonString());
            Assert.Equal(kinds.Select(Listed).Order(StringComparer.Ordinal), (await ModelsAsync(second)).Order(StringComparer.Ordinal));
            Assert.Equal(await ModelsAsync(first), await ModelsAsync(second));
            foreach (var kind in kinds)
            {
                Assert.Equal(await ChatAsync(first, kind), await ChatAsync(second, kind));
            }
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }

    // Ollama adds a tag to a name that has none.
    private static string Listed(string kind) => kind == ModelServerKinds.Ollama ? $"{kind}-model:latest" : $"{kind}-model";

    private static async Task<string> ChatAsync(HttpClient proxy, string kind)
    {
        var body = $$"""{"model":"{{kind}}-model","max_tokens":4,"messages":[{"role":"user","content":"Hello"}]}""";
        using var answer = await proxy.PostAsync("/v1/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{kind} answered {answer.StatusCode}: {text}");
        return text;
    }

    private static async Task<string[]> ModelsAsync(HttpClient proxy) =>
        [.. JsonNode.Parse(await proxy.GetStringAsync("/v1/models"))!["data"]!.AsArray().Select(model => (string)model!["id"]!)];

    private static async Task<JsonNode> EffectiveAsync(HttpClient admin) => JsonNode.Parse(await admin.GetStringAsync("/api/v1/config"))!["effective"]!["ReverseProxy"]!;
}
