using BlazeGateway.Policies.Destinations;
using Microsoft.Extensions.Time.Testing;
using static BlazeGateway.Policies.Tests.Destinations.CatalogHost;

namespace BlazeGateway.Policies.Tests.Destinations;

public sealed class ModelCatalogTests
{
    private static readonly ModelCatalogOptions Defaults = new();

    /// <summary>In real time a busy machine may take longer than a destination may.</summary>
    private static readonly ModelCatalogOptions Options = Defaults with { Timeout = TimeSpan.FromSeconds(60) };

    [Fact]
    public async Task A_host_that_did_not_start_can_dispose_it_as_often_as_it_likes()
    {
        using var cluster = new Health.TestCluster(Health.TestCluster.ModelServers, "d");
        var catalog = new ModelCatalog(Options, cluster.Registry, TimeProvider.System, new Random(1), Microsoft.Extensions.Logging.Abstractions.NullLogger<ModelCatalog>.Instance);
        await catalog.StartAsync(TestContext.Current.CancellationToken);
        var running = catalog.ExecuteTask!;
        catalog.Dispose();
        catalog.Dispose();
        await running.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Assert.True(running.IsCompleted);
        Assert.False(running.IsFaulted);
    }

    [Fact]
    public async Task Two_destinations_with_different_models_are_told_apart()
    {
        await using var a = await Responder.StartAsync(Responder.OpenAiModels("llama", "qwen"));
        await using var b = await Responder.StartAsync(Responder.OpenAiModels("llama"));
        await using var host = await StartAsync(TimeProvider.System, Options, Cluster("llm", Kind("vllm"), ("a", a.Address), ("b", b.Address)));
        await host.Catalog.WhenAskedOnce();
        var now = host.Current;
        Assert.Equal(ModelStanding.Served, now.Find("llm", "qwen"));
        Assert.Equal(ModelStanding.Unknown, now.Find("llm", "gpt-4o"));
        Assert.True(now.Knows("LLM", "llama"), "cluster ids compare as YARP compares them");
        Assert.False(now.Cluster("llm")!.IsUniform);
        Assert.True(host.Catalog.MayServe(host.Destination("llm", "a"), "qwen"));
        Assert.False(host.Catalog.MayServe(host.Destination("llm", "b"), "qwen"));
        Assert.Equal("qwen", now.NameOf("qwen"));
        Assert.Equal("other", now.NameOf("gpt-4o"));
        Assert.Equal("llama qwen", string.Join(" ", now.Cluster("llm")!.Served.Entries.Select(e => e.Name)));
        Assert.Equal("/v1/models", a.LastPathAndQuery, StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_destination_that_is_down_at_start_is_named_once_and_the_rest_serves()
    {
        var time = new FakeTimeProvider();
        await using var up = await Responder.StartAsync(Responder.OpenAiModels("llama"));
        var downAddress = await FreeAddressAsync();
        await using var host = await StartAsync(time, Defaults, Cluster("llm", Probed("vllm"), ("gpu-a", up.Address), ("gpu-b", downAddress)));
        await host.Catalog.WhenAskedOnce();
        Assert.True(host.Current.IsServed("llm", "llama"));
        Assert.Equal(ModelStanding.Unknown, host.Current.Find("llm", "gpt-4o"));
        Assert.Equal("loading", host.StateOf("llm", "gpu-b"));
        for (var i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1.2));
            await Task.Yield();
        }

        var line = Assert.Single(host.Log.Lines, l => l.Contains("gpu-b", StringComparison.Ordinal));
        Assert.StartsWith($"Warning: Destination 'gpu-b' of cluster 'llm' ({downAddress}) is loading: a probe found the connection refused.", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, false, "set Extensions.Credentials.gpu-a of the cluster")]
    [InlineData(403, true, "refuses the credential")]
    public async Task A_destination_that_answers_401_or_403_is_named_with_what_to_set(int status, bool hasCredential, string advice)
    {
        await using var responder = await Responder.StartAsync(Responder.Status(status));
        var extensions = Kind("vllm");
        if (hasCredential)
        {
            extensions.Credentials["gpu-a"] = new CredentialOptions { Value = "Bearer canary-secret" };
        }

        await using var host = await StartAsync(TimeProvider.System, Options, Cluster("llm", extensions, ("gpu-a", responder.Address)));
        await host.Catalog.WhenAskedOnce();
        Assert.Equal(DestinationAnswer.Unauthorized, host.Catalog.StatusOf(host.Destination("llm", "gpu-a")).Answer);
        var line = Assert.Single(host.Log.Lines);
        Assert.Contains($"answers {status}", line, StringComparison.Ordinal);
        Assert.Contains(advice, line, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", line, StringComparison.Ordinal);
        Assert.Equal(hasCredential ? "Bearer canary-secret" : "", responder.LastHeaders!.Authorization.ToString());
    }

    [Theory]
    [InlineData("ollama", "/api/tags", """{"models":[{"name":"llama3:latest","digest":"ab"}]}""", "llama3")]
    [InlineData("anthropic", "/v1/models?limit=1000", """{"data":[{"type":"model","id":"claude-x"}],"has_more":false}""", "claude-x")]
    [InlineData("openai", "/v1/models", """{"object":"list","data":[{"id":"gpt-4o"}]}""", "gpt-4o")]
    public async Task Each_kind_is_asked_on_its_own_path(string kind, string path, string answer, string model)
    {
        await using var responder = await Responder.StartAsync(Responder.Json(answer));
        await using var host = await StartAsync(TimeProvider.System, Options, Cluster("c", Kind(kind), ("d", responder.Address)));
        await host.Catalog.WhenAskedOnce();
        Assert.Equal(path, responder.LastPathAndQuery!, StringComparer.Ordinal);
        Assert.True(host.Current.IsServed("c", model));
        Assert.Equal(kind == "anthropic" ? "2023-06-01" : "", responder.LastHeaders!["anthropic-version"].ToString());
    }

    [Theory]
    [InlineData("2024-10-21", "/openai/models?api-version=2024-10-21")]
    [InlineData(null, "/openai/v1/models")]
    public async Task Azure_is_asked_whether_it_answers_and_its_deployments_come_from_configuration(string? version, string path)
    {
        await using var responder = await Responder.StartAsync(Responder.OpenAiModels("not-a-deployment"));
        var extensions = new ClusterExtensions
        {
            ModelServer = new ModelServerOptions { Kind = "azure-openai", ApiVersion = version, Models = ["mine"] },
            Credentials = { ["*"] = new CredentialOptions { Header = "api-key", Value = "k" } },
        };
        await using var host = await StartAsync(TimeProvider.System, Options, Cluster("az", extensions, ("d", responder.Address)));
        await host.Catalog.WhenAskedOnce();
        Assert.Equal(path, responder.LastPathAndQuery!, StringComparer.Ordinal);
        Assert.Equal("k", responder.LastHeaders!["api-key"].ToString());
        Assert.True(host.Current.IsServed("az", "mine"));
        Assert.False(host.Current.Knows("az", "not-a-deployment"));
    }

    [Fact]
    public async Task Configured_models_decide_and_the_destination_is_still_asked_whether_it_answers()
    {
        await using var responder = await Responder.StartAsync(Responder.OpenAiModels("other"));
        await using var host = await StartAsync(TimeProvider.System, Options, Cluster("c", Kind("vllm", "mine"), ("d", responder.Address)));
        await host.Catalog.WhenAskedOnce();
        Assert.Equal("mine", Assert.Single(host.Current.Cluster("c")!.Served.Entries).Name);
        Assert.Equal(1, responder.Asked);
    }

    [Theory]
    [InlineData("<html>hello</html>", "not a list of models")]
    [InlineData("{\"data\":7}", "not a list of models")]
    [InlineData(null, "larger than")]
    public async Task Garbage_and_too_much_leave_the_models_unknown_and_say_so(string? body, string reason)
    {
        await using var responder = await Responder.StartAsync(Responder.Json(body ?? new string(' ', 2 * 1024 * 1024)));
        await using var host = await StartAsync(TimeProvider.System, Options, Cluster("c", Kind("vllm"), ("d", responder.Address)));
        await host.Catalog.WhenAskedOnce();
        var status = host.Catalog.StatusOf(host.Destination("c", "d"));
        Assert.Equal(DestinationAnswer.Answering, status.Answer);
        Assert.Null(status.Models);
        Assert.Contains(reason, status.Reason, StringComparison.Ordinal);
        Assert.Equal(ModelStanding.Unlisted, host.Current.Find("c", "any"));
        Assert.Contains("list its models in Extensions.ModelServer.Models", Assert.Single(host.Log.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task An_answer_is_read_up_to_its_limit(int over, bool read)
    {
        const string Head = "{\"data\":[{\"id\":\"m\"}]}";
        var options = Options with { MaxAnswerBytes = 4096 };
        await using var responder = await Responder.StartAsync(Responder.Json(Head.PadRight(4096 + over)));
        await using var host = await StartAsync(TimeProvider.System, options, Cluster("c", Kind("vllm"), ("d", responder.Address)));
        await host.Catalog.WhenAskedOnce();
        Assert.Equal(read, host.Current.IsServed("c", "m"));
    }

    [Fact]
    public async Task A_hundred_thousand_models_and_bad_names_are_cut_and_counted()
    {
        var many = "{\"data\":[{\"id\":\"b a d\"}," + string.Join(',', Enumerable.Range(0, 100_000).Select(i => $$"""{"id":"m{{i}}"}""")) + "]}";
        await using var responder = await Responder.StartAsync(Responder.Json(many));
        await using var host = await StartAsync(
            TimeProvider.System, Options with { MaxAnswerBytes = many.Length }, Cluster("c", Kind("vllm"), ("d", responder.Address)));
        await host.Catalog.WhenAskedOnce();
        var status = host.Catalog.StatusOf(host.Destination("c", "d"));
        Assert.Equal((1024, 100_001 - 1024), (status.Models!.Entries.Length, status.Ignored));
        Assert.Equal(("m0", "other"), (host.Current.NameOf("m0"), host.Current.NameOf("m99999")));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var target = await Responder.StartAsync(Responder.OpenAiModels("stolen"));
        await using var responder = await Responder.StartAsync(context =>
        {
            context.Response.Redirect(target.Address + "v1/models");
            return Task.CompletedTask;
        });
        await using var host = await StartAsync(TimeProvider.System, Options, Cluster("c", Kind("vllm"), ("d", responder.Address)));
        await host.Catalog.WhenAskedOnce();
        Assert.Equal(0, target.Asked);
        Assert.Equal((DestinationAnswer.Failing, 302), Seen(host.Catalog.StatusOf(host.Destination("c", "d"))));
    }

    [Fact]
    public async Task Silence_is_named_after_the_timeout()
    {
        var time = new FakeTimeProvider();
        var release = new TaskCompletionSource();
        await using var responder = await Responder.StartAsync(_ => release.Task);
        await using var host = await StartAsync(time, Defaults, Cluster("c", Kind("vllm"), ("d", responder.Address)));
        await WaitAsync(() => responder.Asked == 1);
        time.Advance(Defaults.Timeout - TimeSpan.FromMilliseconds(1));
        Assert.Equal(DestinationAnswer.Unknown, host.Catalog.StatusOf(host.Destination("c", "d")).Answer);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await host.Catalog.WhenAskedOnce();
        Assert.Equal("no answer within 1.5 s", host.Catalog.StatusOf(host.Destination("c", "d")).Reason);
        release.SetResult();
    }

    [Fact]
    public async Task A_destination_that_answers_is_asked_every_ten_seconds_and_one_that_is_down_every_second()
    {
        var time = new FakeTimeProvider();
        await using var responder = await Responder.StartAsync(Responder.OpenAiModels("m"));
        await using var host = await StartAsync(time, Defaults, Cluster("c", Kind("vllm"), ("d", responder.Address)));
        await host.Catalog.WhenAskedOnce();
        time.Advance(TimeSpan.FromSeconds(8.9));
        Assert.Equal(1, responder.Asked);
        responder.Answer = Responder.Status(500);
        time.Advance(TimeSpan.FromSeconds(2.1));
        await WaitAsync(() => responder.Asked == 2);
        Assert.Equal(DestinationAnswer.Answering, host.Catalog.StatusOf(host.Destination("c", "d")).Answer);
        await AdvanceUntilAsync(time, () => host.Catalog.StatusOf(host.Destination("c", "d")).Answer == DestinationAnswer.Failing);
        Assert.Equal((DestinationAnswer.Failing, 500), Seen(host.Catalog.StatusOf(host.Destination("c", "d"))));
        Assert.True(host.Current.IsServed("c", "m"), "the last destination stays available, and a list that fails takes back nothing it told");
        responder.Answer = Responder.OpenAiModels("m", "n");
        await AdvanceUntilAsync(time, () => host.Current.IsServed("c", "n"));
        await WaitAsync(() => host.Log.Lines.Any(l => l.StartsWith("Information:", StringComparison.Ordinal) && l.EndsWith("tells its models again.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_hosted_api_is_asked_every_minute()
    {
        var time = new FakeTimeProvider();
        await using var responder = await Responder.StartAsync(Responder.OpenAiModels("gpt-4o"));
        await using var host = await StartAsync(time, Defaults, Cluster("c", Kind("openai"), ("d", responder.Address)));
        await host.Catalog.WhenAskedOnce();
        time.Advance(TimeSpan.FromSeconds(53));
        await host.UntilAsync(s => s.IsServed("c", "gpt-4o"));
        Assert.Equal(1, responder.Asked);
        await WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return responder.Asked >= 2;
        });
    }

    [Fact]
    public async Task A_changed_configuration_is_asked_about_at_once()
    {
        var time = new FakeTimeProvider();
        await using var a = await Responder.StartAsync(Responder.OpenAiModels("m-a"));
        await using var b = await Responder.StartAsync(Responder.OpenAiModels("m-b"));
        await using var host = await StartAsync(time, Defaults, Cluster("c", Kind("vllm"), ("a", a.Address)), Cluster("gone", Kind("vllm"), ("a", a.Address)));
        await host.Catalog.WhenAskedOnce();
        Assert.True(host.Current.IsServed("gone", "m-a"));
        host.Update(Cluster("c", Kind("vllm"), ("a", a.Address), ("b", b.Address)));
        await host.UntilAsync(s => s.IsServed("c", "m-b") && s.Cluster("gone") is null);
        host.Update(Cluster("c", Kind("vllm"), ("b", b.Address)));
        await host.UntilAsync(s => !s.Knows("c", "m-a"));
        host.Update(Cluster("c", Kind("vllm"), ("b", a.Address)));
        await host.UntilAsync(s => s.IsServed("c", "m-a") && !s.Knows("c", "m-b"));
        host.Update(Cluster("c", new ClusterExtensions(), ("b", a.Address)));
        await host.UntilAsync(s => s.Cluster("c") is null);
    }

    [Fact]
    public async Task Stopping_takes_no_longer_than_the_question_under_way()
    {
        var release = new TaskCompletionSource();
        await using var responder = await Responder.StartAsync(_ => release.Task);
        var host = await StartAsync(new FakeTimeProvider(), Options, Cluster("c", Kind("vllm"), ("d", responder.Address)));
        await WaitAsync(() => responder.Asked == 1);
        var began = TimeProvider.System.GetTimestamp();
        await host.DisposeAsync();
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        release.SetResult();
    }

    [Fact]
    public async Task Reading_allocates_nothing()
    {
        await using var responder = await Responder.StartAsync(Responder.OpenAiModels("llama", "qwen"));
        await using var host = await StartAsync(new FakeTimeProvider(), Options, Cluster("c", Kind("vllm"), ("d", responder.Address)));
        await host.Catalog.WhenAskedOnce();
        var destination = host.Destination("c", "d");
        Assert.Equal(0, Allocated(host.Catalog, destination));
    }

    private static long Allocated(ModelCatalog catalog, Yarp.ReverseProxy.Model.DestinationState destination)
    {
        var found = 0;
        for (var round = 0; ; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                var now = catalog.Current;
                found += now.Find("c", "qwen") == ModelStanding.Served && catalog.MayServe(destination, "qwen") && now.NameOf("qwen") != "other" ? 1 : 0;
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (round == 1)
            {
                Assert.Equal(2000, found);
                return allocated;
            }
        }
    }

    private static (DestinationAnswer Answer, int Status) Seen(DestinationStatus status) => (status.Answer, status.StatusCode);

    private static async Task AdvanceUntilAsync(FakeTimeProvider time, Func<bool> condition)
    {
        await WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(20));
            return condition();
        });
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        // Looks are counted, not seconds: a machine that stands still for a while misses none.
        for (var look = 0; !condition(); look++)
        {
            Assert.True(look < 6000, "the condition did not come true in 6,000 looks");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    private static async Task<string> FreeAddressAsync()
    {
        await using var responder = await Responder.StartAsync(Responder.Status(200));
        return responder.Address;
    }
}
