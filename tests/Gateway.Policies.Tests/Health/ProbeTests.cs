using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline.Connections;
using BlazeGateway.Policies.Tests.Destinations;
using Microsoft.Extensions.Time.Testing;
using Yarp.ReverseProxy.Configuration;
using static BlazeGateway.Policies.Tests.Destinations.CatalogHost;

namespace BlazeGateway.Policies.Tests.Health;

/// <summary>How destinations are probed: real servers, real connections, a clock that only tests move.</summary>
public sealed class ProbeTests
{
    private static readonly ModelCatalogOptions Options = new();

    [Theory]
    [InlineData("vllm", "/health")]
    [InlineData("sglang", "/health")]
    [InlineData("tgi", "/health")]
    [InlineData("llamacpp", "/health")]
    [InlineData("ollama", "/api/version")]
    [InlineData("generic", "/v1/models")]
    [InlineData("openai", null)]
    [InlineData("azure-openai", null)]
    [InlineData("anthropic", null)]
    public async Task Each_kind_is_probed_on_a_free_path_of_its_own(string kind, string? path)
    {
        await using var server = await Responder.StartAsync(Responder.OpenAiModels("m"));
        await using var host = await StartAsync(new FakeTimeProvider(), Options, Cluster("c", Probed(kind), ("d", server.Address)));
        await host.Catalog.WhenAskedOnce();
        Assert.Equal(path is null, host.Catalog.NextProbe(host.Destination("c", "d")) is null);
        Assert.Equal(path switch { null => 0, "/v1/models" => 2, _ => 1 }, path is null ? server.AskedFor("/health") : server.AskedFor(path));
        Assert.Equal("up", host.StateOf("c", "d"));
    }

    [Fact]
    public async Task A_configured_path_is_probed_on_ordinary_services_too_and_none_beside_yarps_own_check()
    {
        await using var server = await Responder.StartAsync(Responder.Status(204, ""));
        var plain = new ClusterExtensions { Health = new HealthOptions { Path = "/alive?deep=no" } };
        var yarp = Cluster("yarp", Probed("vllm"), ("d", server.Address)) with { HealthCheck = new HealthCheckConfig { Active = new ActiveHealthCheckConfig { Enabled = true, Interval = TimeSpan.FromHours(1), Path = "/yarp" } } };
        await using var host = await StartAsync(new FakeTimeProvider(), Options, Cluster("plain", plain, ("d", server.Address)), yarp);
        await host.Catalog.WhenAskedOnce();
        Assert.Equal((1, 0), (server.AskedFor("/alive"), server.AskedFor("/health")));
        Assert.Null(host.Current.Cluster("plain"));
    }

    [Fact]
    public async Task A_destination_that_is_well_is_probed_every_second_and_one_that_is_not_twice_as_often()
    {
        var time = new FakeTimeProvider();
        await using var server = await Responder.StartAsync(Responder.OpenAiModels("m"));
        await using var other = await Responder.StartAsync(Responder.OpenAiModels("m"));
        await using var host = await StartAsync(time, Options, Cluster("c", Probed("vllm"), ("d", server.Address), ("e", other.Address)));
        await host.Catalog.WhenAskedOnce();
        var destination = host.Destination("c", "d");
        for (var i = 1; i < 12; i++)
        {
            var next = await PlannedAsync();
            Assert.InRange(next.TotalSeconds, 0.9, 1.1);
            time.Advance(next);
        }

        server.Answer = Responder.Status(500);
        await ReachAsync("suspect");
        Assert.InRange((await PlannedAsync()).TotalSeconds, 0.45, 0.55);
        await ReachAsync("ejected");
        Assert.InRange((await PlannedAsync()).TotalSeconds, 0.45, 0.55);

        async Task<TimeSpan> PlannedAsync()
        {
            TimeSpan? next = null;
            await WaitAsync(() =>
            {
                Nudge(time);
                return (next = host.Catalog.NextProbe(destination) - time.GetUtcNow()) > TimeSpan.FromMilliseconds(50);
            });
            return next!.Value;
        }

        // Looked at between two probes only: in the midst of one the state may be about to change, and the next one would be a state too far.
        async Task ReachAsync(string state)
        {
            for (var next = await PlannedAsync(); host.StateOf("c", "d") != state; next = await PlannedAsync())
            {
                var asked = server.AskedFor("/health");
                time.Advance(next);
                await WaitAsync(() =>
                {
                    Nudge(time);
                    return server.AskedFor("/health") > asked;
                });
            }
        }
    }

    [Fact]
    public async Task Never_more_than_one_question_is_in_flight_whatever_calls_for_one()
    {
        var time = new FakeTimeProvider();
        var (asked, now, most) = (0, 0, 0);
        using var release = new SemaphoreSlim(0);
        await using var server = await Responder.StartAsync(async context =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref now));
            Interlocked.Increment(ref asked);
            try
            {
                await release.WaitAsync(context.RequestAborted);
            }
            finally
            {
                Interlocked.Decrement(ref now);
            }

            await Responder.OpenAiModels("m")(context);
        });
        await using var other = await Responder.StartAsync(Responder.OpenAiModels("m"));
        await using var host = await StartAsync(time, Options, Cluster("c", Probed("vllm") with { CircuitBreaker = new() { Enabled = false } }, ("d", server.Address), ("e", other.Address)));
        var destination = host.Destination("c", "d");
        var d = host.Availability.Of(destination);
        await WaitAsync(() => Volatile.Read(ref asked) == 1);
        for (var i = 0; i < 8; i++)
        {
            // Each call for a probe finds a question under way.
            var before = Volatile.Read(ref asked);
            for (var call = 0; call < 5; call++)
            {
                d.Ended(d.Word, AttemptOutcome.ServerError);
                d.Ended(d.Word, AttemptOutcome.Answered);
            }

            release.Release();
            await WaitAsync(() => Volatile.Read(ref asked) > before || host.Catalog.NextProbe(destination) > time.GetUtcNow());
            time.Advance(ProbePace.Gap);
            await WaitAsync(() => Volatile.Read(ref asked) > before);
        }

        Assert.Equal(1, most);
        release.Release(1000);
    }

    [Fact]
    public async Task A_failed_request_has_the_destination_probed_at_once()
    {
        var time = new FakeTimeProvider();
        await using var server = await Responder.StartAsync(Responder.OpenAiModels("m"));
        await using var other = await Responder.StartAsync(Responder.OpenAiModels("m"));
        await using var host = await StartAsync(time, Options, Cluster("c", Probed("vllm"), ("d", server.Address), ("e", other.Address)));
        await host.Catalog.WhenAskedOnce();
        time.Advance(TimeSpan.FromMilliseconds(300));
        Assert.Equal(1, server.AskedFor("/health"));
        var d = host.Availability.Of(host.Destination("c", "d"));
        d.Ended(d.Word, AttemptOutcome.ServerError);
        await WaitAsync(() => server.AskedFor("/health") == 2);
    }

    [Fact]
    public async Task A_model_that_loads_is_left_out_until_it_is_there()
    {
        var time = new FakeTimeProvider();
        await using var server = await Responder.StartAsync(Responder.Status(503));
        await using var host = await StartAsync(time, Options, Cluster("c", Probed("llamacpp"), ("d", server.Address)));
        await WaitAsync(() => host.StateOf("c", "d") == "loading");
        Assert.False(host.Current.Cluster("c")!.IsServing);
        Assert.Equal(0, server.AskedFor("/v1/models"));
        server.Answer = Responder.OpenAiModels("m");
        await AdvanceAsync(time, () => host.StateOf("c", "d") == "up");
        await AdvanceAsync(time, () => host.Current.IsServed("c", "m"));
    }

    [Fact]
    public async Task A_restarted_server_returns_by_its_probes_alone_and_tells_its_new_models()
    {
        var time = new FakeTimeProvider();
        var server = await Responder.StartAsync(Responder.OpenAiModels("old"));
        var address = server.Address;
        await using var other = await Responder.StartAsync(Responder.OpenAiModels("old"));
        await using var host = await StartAsync(time, Options, Cluster("c", Probed("vllm"), ("d", address), ("e", other.Address)));
        await host.Catalog.WhenAskedOnce();
        await server.DisposeAsync();
        var d = host.Availability.Of(host.Destination("c", "d"));
        d.Ended(d.Word, AttemptOutcome.ConnectRefused);
        Assert.Equal("ejected", host.StateOf("c", "d"));
        await AdvanceAsync(time, () => d.Facts.IsDead);
        time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("ejected", host.StateOf("c", "d"));

        await using var again = await Responder.StartAsync(Responder.OpenAiModels("new"), new Uri(address).Port);
        await AdvanceAsync(time, () => host.StateOf("c", "d") == "up");
        await AdvanceAsync(time, () => host.Current.IsServed("c", "new"));
        Assert.Contains(host.Log.Lines, line => line.Contains("is up: it answers probes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Silence_is_believed_the_second_time()
    {
        var time = new FakeTimeProvider();
        var silent = false;
        var release = new TaskCompletionSource();
        await using var server = await Responder.StartAsync(context => silent ? release.Task : Responder.OpenAiModels("m")(context));
        await using var other = await Responder.StartAsync(Responder.OpenAiModels("m"));
        await using var host = await StartAsync(time, Options, Cluster("c", Probed("vllm"), ("d", server.Address), ("e", other.Address)));
        await host.Catalog.WhenAskedOnce();
        silent = true;
        await AdvanceAsync(time, () => host.StateOf("c", "d") == "ejected");
        Assert.Contains(host.Log.Lines, line => line.Contains("'d' of cluster 'c'", StringComparison.Ordinal) && line.Contains("is suspect: a probe got no answer in time", StringComparison.Ordinal));
        release.SetResult();
    }

    [Fact]
    public async Task A_probe_does_not_wait_behind_requests_that_hold_every_connection()
    {
        var time = new FakeTimeProvider();
        var release = new TaskCompletionSource();
        await using var server = await Responder.StartAsync(context => context.Request.Path == "/busy" ? release.Task : Responder.OpenAiModels("m")(context));
        var cluster = Cluster("c", Probed("vllm"), ("d", server.Address)) with { HttpClient = new HttpClientConfig { MaxConnectionsPerServer = 1 } };
        await using var host = await StartAsync(time, Options, cluster);
        await host.Catalog.WhenAskedOnce();
        var connections = (ClusterConnections)host.Cluster("c").Model.HttpClient;
        var generation = connections.Hold();
        using var busy = new HttpRequestMessage(HttpMethod.Get, server.Address + "busy");
        var sending = generation.Invoker.SendAsync(busy, CancellationToken.None);
        await WaitAsync(() => server.AskedFor("/busy") == 1);
        var before = server.AskedFor("/health");
        await AdvanceAsync(time, () => server.AskedFor("/health") > before + 1);
        Assert.Equal("up", host.StateOf("c", "d"));
        release.SetResult();
        (await sending).Dispose();
        generation.Release();
    }

    [Fact]
    public async Task A_server_whose_answers_take_longer_than_they_did_is_slow_and_not_dead()
    {
        var time = new FakeTimeProvider();
        var isSlow = false;
        await using var server = await Responder.StartAsync(async context =>
        {
            if (isSlow)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(850), time, context.RequestAborted);
            }

            await Responder.OpenAiModels("m")(context);
        });
        await using var other = await Responder.StartAsync(Responder.OpenAiModels("m"));
        await using var host = await StartAsync(time, Options, Cluster("c", Probed("vllm"), ("d", server.Address), ("e", other.Address)));
        await host.Catalog.WhenAskedOnce();

        // While they are quick next to no time passes between question and answer.
        for (var i = 0; i < 12; i++)
        {
            TimeSpan? next = null;
            await WaitAsync(() =>
            {
                Nudge(time);
                return (next = host.Catalog.NextProbe(host.Destination("c", "d")) - time.GetUtcNow()) > TimeSpan.FromMilliseconds(50);
            });
            time.Advance(next!.Value);
        }

        await WaitAsync(() =>
        {
            Nudge(time);
            return host.Catalog.NextProbe(host.Destination("c", "d")) > time.GetUtcNow();
        });
        isSlow = true;
        var before = server.AskedFor("/health");
        await AdvanceAsync(time, () => server.AskedFor("/health") >= before + 8);
        Assert.Contains(host.Log.Lines, line => line.Contains("is suspect: a probe got no answer in time", StringComparison.Ordinal));
        Assert.DoesNotContain(host.Log.Lines, line => line.Contains("is ejected", StringComparison.Ordinal));
        Assert.True(host.StateOf("c", "d") is "up" or "suspect");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_destination_that_is_not_probed_any_more_is_not_held_to_be_dead(bool drained)
    {
        var time = new FakeTimeProvider();
        await using var server = await Responder.StartAsync(Responder.Status(500));
        var wrong = new ClusterExtensions { Health = new HealthOptions { Path = "/no-such-path" } };
        await using var host = await StartAsync(time, Options, Cluster("c", wrong, ("d", server.Address)));
        await AdvanceAsync(time, () => host.StateOf("c", "d") == "loading");

        // The state is told first, and whom YARP may pick a moment later.
        await WaitAsync(() => host.Cluster("c").DestinationsState.AvailableDestinations.Count == 0);
        if (drained)
        {
            host.Availability.SetDraining(host.Cluster("c"), "d", draining: true);
        }

        host.Update(Cluster("c", new ClusterExtensions(), ("d", server.Address)));
        if (drained)
        {
            await WaitAsync(() => host.Catalog.NextProbe(host.Destination("c", "d")) is null);
            host.Availability.SetDraining(host.Cluster("c"), "d", draining: false);
        }

        await WaitAsync(() => host.StateOf("c", "d") == "up");
        await WaitAsync(() => host.Cluster("c").DestinationsState.AvailableDestinations.Count == 1);
    }

    [Fact]
    public async Task A_gateway_without_sockets_for_its_probes_blames_nobody()
    {
        var time = new FakeTimeProvider();
        await using var server = await Responder.StartAsync(Responder.OpenAiModels("m"));
        await using var host = await StartAsync(time, Options, sockets: 0, Cluster("c", Probed("vllm"), ("d", server.Address)));
        await host.Catalog.WhenAskedOnce();
        var d = host.Availability.Of(host.Destination("c", "d"));
        for (var i = 0; i < 4; i++)
        {
            await WaitAsync(() => host.Catalog.NextProbe(host.Destination("c", "d")) > time.GetUtcNow());
            time.Advance(TimeSpan.FromSeconds(1.2));
        }

        Assert.Equal((AvailabilityState.Up, 0, 0), (d.Facts.State, d.Facts.ProbeFailures, server.Asked));
    }

    [Fact]
    public async Task A_question_that_cannot_be_put_is_told_and_does_not_end_the_watch()
    {
        var time = new FakeTimeProvider();
        await using var server = await Responder.StartAsync(Responder.OpenAiModels("m"));
        var good = Cluster("c", Probed("vllm"), ("d", server.Address));
        var bad = good with { Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal) { ["d"] = new() { Address = server.Address, Host = "http://no.host/" } } };
        await using var host = await StartAsync(time, Options, bad);
        await host.Catalog.WhenAskedOnce();
        Assert.Contains(host.Log.Lines, line => line.Contains("cannot be asked for a fault of the gateway: System.FormatException", StringComparison.Ordinal));
        Assert.Equal(0, server.Asked);
        host.Update(good);
        await AdvanceAsync(time, () => host.Current.IsServed("c", "m"));
    }

    [Fact]
    public async Task A_question_for_models_that_hangs_does_not_keep_a_probe_waiting_that_is_wanted_at_once()
    {
        var (time, hangs) = (new FakeTimeProvider(), false);
        await using var server = await Responder.StartAsync(async context =>
        {
            if (Volatile.Read(ref hangs) && context.Request.Path == "/v1/models")
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, time, context.RequestAborted);
            }

            await Responder.OpenAiModels("m")(context);
        });
        await using var host = await StartAsync(time, Options, Cluster("c", Probed("vllm"), ("d", server.Address)));
        await host.Catalog.WhenAskedOnce();
        Volatile.Write(ref hangs, true);
        await AdvanceAsync(time, () => server.AskedFor("/v1/models") >= 2);
        var (before, left) = (server.AskedFor("/health"), 60);
        host.Catalog.Probe(host.Destination("c", "d"));

        // 1.2 s at most, which the question for models would outlast.
        await WaitAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(left-- > 0 ? 20 : 0));
            return server.AskedFor("/health") > before;
        });
        Assert.Equal("up", host.StateOf("c", "d"));
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }

    /// <summary>A wait may be set up a moment after the time it waits for has come; then it is over a little later.</summary>
    private static void Nudge(FakeTimeProvider time) => time.Advance(TimeSpan.FromMilliseconds(1));

    private static Task AdvanceAsync(FakeTimeProvider time, Func<bool> condition) => WaitAsync(() =>
    {
        time.Advance(TimeSpan.FromMilliseconds(20));
        return condition();
    });

    private static async Task WaitAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            Assert.False(deadline.IsCancellationRequested, "the condition did not come true within 60 s");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}
