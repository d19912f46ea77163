using System.Net;
using System.Text;
using System.Text.Json;
using BlazeGateway.EndToEnd.Health;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary><c>blaze run --backend</c> with servers that share models: each is used for what it serves, or the console says why not. With the printed file it is the same.</summary>
public sealed class BackendSharingTests
{
    public static TheoryData<bool> Ways => [false, true];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Servers_of_different_kinds_share_the_requests_and_one_takes_all_when_the_other_dies(bool fromFile)
    {
        await using var vllm = await ModelServerProcess.StartAsync("--kind", "vllm", "--model", "shared");
        await using var sglang = await ModelServerProcess.StartAsync("--kind", "sglang", "--model", "shared");
        await using var blaze = await StartAsync(fromFile, vllm, sglang);
        using var proxy = BlazeProcess.NewClient(blaze.Proxy);

        await AssertServesAsync(proxy, "shared", 10);
        Assert.InRange(await vllm.ChatsAsync(), 1, 9);
        Assert.InRange(await sglang.ChatsAsync(), 1, 9);
        await vllm.KillAsync();
        using var admin = BlazeProcess.NewClient(blaze.Admin);
        await Eventually.TrueAsync(async () => JsonDocument.Parse(await admin.GetStringAsync("/api/v1/performance/loadbalancer")).RootElement.GetProperty("clusters").EnumerateArray()
            .Sum(cluster => cluster.GetProperty("available").GetInt32()) == 1);
        await AssertServesAsync(proxy, "shared", 10);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task One_that_is_down_at_first_gets_requests_for_everything_it_turns_out_to_serve(bool fromFile)
    {
        await using var vllm = await ModelServerProcess.StartAsync("--kind", "vllm", "--model", "shared");
        await using var ollama = await ModelServerProcess.StartAsync("--kind", "ollama", "--model", "little");
        await using var late = ModelServerProcess.NotStarted();
        await using var blaze = await StartAsync(fromFile, vllm, ollama, late);
        using var proxy = BlazeProcess.NewClient(blaze.Proxy);
        await AssertServesAsync(proxy, "shared", 4);
        await AssertServesAsync(proxy, "little", 4);

        await late.StartAgainAsync("--kind", "vllm", "--model", "shared", "--model", "extra");

        await Eventually.TrueAsync(async () => await ChatAsync(proxy, "extra") == HttpStatusCode.OK);
        var before = await late.ChatsAsync();

        // It is eased in, so that the first requests may all go to the other.
        await Eventually.TrueAsync(async () => await ChatAsync(proxy, "shared") == HttpStatusCode.OK && await late.ChatsAsync() > before);
        await AssertServesAsync(proxy, "extra", 4);
        await AssertServesAsync(proxy, "little", 4);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_server_whose_paths_differ_takes_over_when_the_first_choice_dies(bool fromFile)
    {
        await using var vllm = await ModelServerProcess.StartAsync("--kind", "vllm", "--model", "shared:latest");
        await using var ollama = await ModelServerProcess.StartAsync("--kind", "ollama", "--model", "shared:latest");
        await using var blaze = await StartAsync(fromFile, vllm, ollama);
        using var proxy = BlazeProcess.NewClient(blaze.Proxy);

        await AssertServesAsync(proxy, "shared:latest", 6);
        Assert.Equal((6, 0), (await vllm.ChatsAsync(), await ollama.ChatsAsync()));
        Assert.True(fromFile || blaze.Error.Contains($"{ollama.Address} is second choice for shared:latest", StringComparison.Ordinal), blaze.Error);
        await vllm.KillAsync();
        await Eventually.TrueAsync(async () => await ChatAsync(proxy, "shared:latest") == HttpStatusCode.OK);
        await AssertServesAsync(proxy, "shared:latest", 6);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Of_two_that_told_nothing_the_one_that_comes_up_is_used(bool fromFile)
    {
        await using var locked = await ModelServerProcess.StartAsync("--kind", "vllm", "--api-key", "sk-1");
        await using var late = ModelServerProcess.NotStarted();
        await using var blaze = await StartAsync(fromFile, locked, late);
        using var proxy = BlazeProcess.NewClient(blaze.Proxy);

        await late.StartAgainAsync("--kind", "sglang", "--model", "own");

        await Eventually.TrueAsync(async () => await ChatAsync(proxy, "own") == HttpStatusCode.OK);
        await AssertServesAsync(proxy, "own", 6);
    }

    private static async Task<BlazeProcess> StartAsync(bool fromFile, params ModelServerProcess[] servers)
    {
        string[] backends = [.. servers.SelectMany(server => new[] { "--backend", server.Address.ToString() })];
        if (!fromFile)
        {
            return await Backends.ServeAsync(backends);
        }

        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", await Backends.PrintAsync(backends, directory.Path));
        return await BlazeProcess.ServeAsync(["--config", "routes.json"], directory.Path);
    }

    private static async Task AssertServesAsync(HttpClient proxy, string model, int times)
    {
        for (var i = 0; i < times; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await ChatAsync(proxy, model));
        }
    }

    private static async Task<HttpStatusCode> ChatAsync(HttpClient proxy, string model)
    {
        var body = $$"""{"model":"{{model}}","max_tokens":4,"messages":[{"role":"user","content":"Hello"}]}""";
        using var answer = await proxy.PostAsync("/v1/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"));
        return answer.StatusCode;
    }
}
