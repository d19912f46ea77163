using BlazeGateway.Benchmarks.Claims;
using BlazeGateway.Benchmarks.Claims.Llama;
using BlazeGateway.Benchmarks.Load;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.EndToEnd.Operations.Claims;

/// <summary>The comparison on real llama.cpp. What needs the engine needs a model too and runs where <c>BLAZE_LLAMA_MODEL</c> names one.</summary>
public sealed class LlamaTests
{
    private static readonly string? s_model = Environment.GetEnvironmentVariable("BLAZE_LLAMA_MODEL");

    [Fact]
    public async Task Llama_cpp_answers_through_the_gateway_and_keeps_what_was_said_before()
    {
        Assert.SkipWhen(string.IsNullOrEmpty(s_model), "BLAZE_LLAMA_MODEL is not set; name a small model as GGUF, with Node.js 20 or later and npm installed, to run real llama.cpp.");
        var cancellation = TestContext.Current.CancellationToken;
        var engine = await LlamaEngine.PrepareAsync(s_model, TimeProvider.System, cancellation);
        using var client = new HttpClient();
        await using var fleet = await RealFleet.StartAsync("llamacpp", engine.Servers(LlamaScenario.Read("C") with { Passes = [2] }), client, TimeProvider.System, cancellation);
        using var lab = new Lab(fleet.Addresses[0], RealFleet.Model, PeerFleet.Blaze);
        var variant = FrontEnd.Parse("blaze:Adaptive");
        await using var gateway = await ServerProcess.StartAsync(variant.Plan(lab, fleet.Addresses, fleet.Speeds, fleet.Kind), client, TimeProvider.System, cancellation);
        var (question, answer, next) = (new PromptPart(7, 60), new PromptPart(8, 5), new PromptPart(9, 20));
        WorkloadRequest[] requests = [new(0, 0, [question], 5), new(2, 0, [question, answer, next], 3)];

        var result = await TimedClient.RunAsync(gateway.Url, requests, salt: 1, TimeSpan.FromSeconds(20), TimeProvider.System, cancellation);
        var reading = Assert.Single(await fleet.ReadAsync(cancellation));
        var metrics = await client.GetStringAsync(new Uri(fleet.Addresses[0], "/metrics"), cancellation);
        await fleet.ResetAsync(cancellation);
        var afterReset = Assert.Single(await fleet.ReadAsync(cancellation));

        Assert.Equal((2, 0, 8), (result.Ok, result.Failed, result.ContentEvents));
        Assert.Equal(2, reading.Answers);
        Assert.InRange(reading.BusySeconds, 0.001, 20);

        // The unit of lengths is 4 bytes; the mark after the question and the first letters of the answer can make other tokens than before.
        Assert.InRange(reading.CachedTokens, 60, (60 + 5) * 4);
        Assert.InRange(reading.PromptTokens, reading.CachedTokens + 100, (60 + 60 + 5 + 20 + 8) * 4);
        Assert.All(["prompt_tokens_total ", "tokens_predicted_total 8\n", "requests_processing 0\n", "requests_deferred 0\n"], name => Assert.Contains($"\nllamacpp:{name}", metrics, StringComparison.Ordinal));
        Assert.Equal(default, afterReset);
    }

    [Theory]
    [InlineData(null, "where no file is; name a model as GGUF")]
    [InlineData("", "its first bytes are not 'GGUF'")]
    [InlineData("GGU", "its first bytes are not 'GGUF'")]
    [InlineData("GGML of old", "its first bytes are not 'GGUF'")]
    public async Task A_model_that_is_not_there_or_is_none_is_named(string? content, string says)
    {
        using var directory = new TemporaryDirectory();
        var model = Path.Combine(directory.Path, "model.gguf");
        if (content is not null)
        {
            await File.WriteAllTextAsync(model, content, TestContext.Current.CancellationToken);
        }

        var error = await Assert.ThrowsAsync<ArgumentException>(() => LlamaEngine.PrepareAsync(model, TimeProvider.System, TestContext.Current.CancellationToken));

        Assert.StartsWith($"--model is '{model}'", error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("H", 1 / 8.0)]
    [InlineData("C", 1.0)]
    public void Scenarios_have_servers_and_requests_that_fit_their_slots(string name, double slowest)
    {
        var scenario = LlamaScenario.Read(name);
        var requests = scenario.Requests(scenario.Workload.Rate, seconds: 40, seed: 1);

        // The marks of roles are part of the lengths; that of the answer is 4 more. A unit is 4 bytes, and a token 1 at least.
        Assert.Equal(slowest, scenario.Passes.Min(passes => 1.0 / passes), 9);
        Assert.NotEmpty(requests);
        Assert.All(requests, request => Assert.InRange(((request.PromptTokens + 4) * 4) + request.AnswerTokens, 1, scenario.SlotTokens));
    }

    [Fact]
    public void An_unknown_scenario_is_named() =>
        Assert.Equal("--scenario is 'X'; known are H, C.", Assert.Throws<ArgumentException>(() => LlamaScenario.Read("X")).Message);

    [Fact]
    public void Ratios_are_those_of_equal_seeds()
    {
        Trial[] trials = [Took(Promises.RoundRobin, 1, 100), Took("blaze:Adaptive", 1, 50), Took("blaze:Adaptive", 2, 300), Took(Promises.RoundRobin, 2, 200), Took(Promises.RoundRobin, 3, 400), Took("blaze:Adaptive", 3, 100)];

        Assert.Equal(
            "blaze:Adaptive / blaze:RoundRobin: TTFT mean 0.50 [0.25, 1.50], p50 0.50 [0.25, 1.50], p95 0.50 [0.25, 1.50]; mean response 0.50 [0.25, 1.50]; mean TTFT better in 2 of 3 seeds",
            Assert.Single(LlamaRatios.Of(trials)));
    }

    private static Trial Took(string variant, int seed, double milliseconds) => new()
    {
        Variant = variant,
        Seed = seed,
        Rate = 1,
        Requests = 1,
        Failed = 0,
        FirstTokenMean = milliseconds,
        FirstTokenP50 = 2 * milliseconds,
        FirstTokenP95 = 3 * milliseconds,
        FirstTokenP99 = 4 * milliseconds,
        ResponseMean = 5 * milliseconds,
        InTime = 1,
        BusyVariation = 0,
        HitRate = 0,
        Shares = [1],
        MachineLoad = 0,
        OwnLoad = 0,
        Void = [],
    };
}
