using System.Collections.Concurrent;
using System.Net;
using BlazeGateway.Bench;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Policies.Health;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.EndToEnd.Health;

/// <summary>Tests that load the machine run alone.</summary>
[CollectionDefinition(nameof(LoadCollection), DisableParallelization = true)]
public sealed class LoadCollection;

/// <summary>Model servers that are processes of their own are killed behind a real gateway, and started again.</summary>
[Collection(nameof(LoadCollection))]
public sealed class KillTests
{
    private const string Route = """{ "Response": { "DestinationHeader": true } }""";
    private const string NotProbed = """{ "ModelServer": { "Kind": "vllm", "Models": [ "demo-small" ] }, "Health": { "Probe": false } }""";

    [Fact]
    public async Task One_of_three_is_ejected_by_its_first_refused_connection_and_returns_without_traffic()
    {
        await using var servers = await Fleet.StartAsync(3);
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes(servers.Addresses, Route));
        var destinations = new Destinations(gateway);
        await SettledAsync(destinations, 3);
        var time = TimeProvider.System;
        await servers[1].KillAsync();

        // Whichever tells first: a request that is refused, or a probe.
        var failed = 0;
        while (destinations.StateOf("d1") is "up" or "suspect")
        {
            if (await destinations.StatusAsync() == HttpStatusCode.BadGateway)
            {
                failed++;
                Assert.Equal("ejected", destinations.StateOf("d1"));
            }
        }

        Assert.InRange(failed, 0, 2);
        Assert.Equal((1, 2), (destinations.Ejected(), destinations.Cluster.DestinationsState.AvailableDestinations.Count));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await destinations.StatusAsync());
        }

        await servers[1].StartAgainAsync();
        var began = time.GetTimestamp();
        await Eventually.TrueAsync(() => destinations.StateOf("d1") == "up");
        TestContext.Current.SendDiagnosticMessage($"listening again to up, without traffic: {time.GetElapsedTime(began).TotalMilliseconds:F0} ms");
        Assert.Equal(0, await servers[1].ChatsAsync());
        Assert.True(destinations.Word("d1").IsSlow, "it is eased in");
    }

    [Fact]
    public async Task From_the_refused_connection_to_the_word_is_no_time()
    {
        var time = new FakeTimeProvider();
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        await using var other = await ModelServerHost.StartAsync(new ModelServerHostOptions { Unpaced = true });
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([server.Address, other.Address], Route, NotProbed), time);
        var destinations = new Destinations(gateway);
        using var refusals = new RefusalListener();
        var took = new List<double>();
        destinations.Registry.Listen(change =>
        {
            if (change.WasAvailable && !change.IsAvailable)
            {
                took.Add(refusals.SinceLast().TotalMilliseconds);
            }
        });
        for (var round = 0; round < 20; round++)
        {
            server.SetFault("refuse");
            while (destinations.StateOf("d0") != "ejected")
            {
                await destinations.StatusAsync();
            }

            // The trial may meet a connection from before, which is reset, and eject the destination once more.
            server.SetFault("");
            await Eventually.TrueAsync(async () =>
            {
                if (destinations.StateOf("d0") == "ejected")
                {
                    time.Advance(TimeSpan.FromSeconds(400));
                }

                return await destinations.StatusAsync() == HttpStatusCode.OK && destinations.StateOf("d0") == "up";
            });
        }

        took.Sort();
        TestContext.Current.SendDiagnosticMessage($"refused connection to ejected, ms: min {took[0]:F2}, median {took[took.Count / 2]:F2}, max {took[^1]:F2}");
        Assert.Equal(20, took.Count);

        // On a busy machine any single one may be slow.
        Assert.InRange(took[0], 0, 50);
    }

    [Fact]
    public async Task Under_a_thousand_requests_a_second_it_returns_through_one_and_is_eased_in()
    {
        await using var servers = await Fleet.StartAsync(3);
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes(servers.Addresses, Route));
        var destinations = new Destinations(gateway);
        await SettledAsync(destinations, 3);
        var time = TimeProvider.System;
        var mostEjected = 0;
        var transitions = new ConcurrentQueue<(string State, long At)>();
        destinations.Registry.Listen(change =>
        {
            mostEjected = Math.Max(mostEjected, destinations.Ejected());
            if (change.Destination.DestinationId == "d1")
            {
                transitions.Enqueue((destinations.StateOf("d1"), time.GetTimestamp()));
            }
        });
        using var stop = new CancellationTokenSource();
        var load = LoadAsync(gateway, seconds: 60, stop.Token);
        await Eventually.TrueAsync(() => destinations.Cluster.Destinations.Values.All(destination => destination.ConcurrentRequestCount > 0));

        var killed = time.GetTimestamp();
        await servers[1].KillAsync();
        await Eventually.TrueAsync(() => transitions.Any(transition => transition.State == "ejected"));
        await servers[1].StartAgainAsync();
        var listening = time.GetTimestamp();
        await Eventually.TrueAsync(() => destinations.StateOf("d1") == "up");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);

        var seen = transitions.ToArray();
        TestContext.Current.SendDiagnosticMessage(
            $"killed to ejected {Milliseconds(killed, seen.First(t => t.State == "ejected").At)} ms; listening again to up {Milliseconds(listening, seen.Last(t => t.State == "up").At)} ms; "
            + string.Join(" ", seen.Select(t => $"{t.State}@{Milliseconds(killed, t.At)}")));
        Assert.Equal("half-open up", string.Join(' ', seen.Select(t => t.State).SkipWhile(state => state != "half-open").Take(2)));
        Assert.Equal(1, mostEjected);

        double Milliseconds(long from, long to) => Math.Round(time.GetElapsedTime(from, to).TotalMilliseconds, 1);
    }

    [Fact]
    public async Task Under_a_thousand_requests_a_second_a_half_open_destination_has_one_of_them_in_flight()
    {
        var time = new FakeTimeProvider();
        await using var servers = await Fleet.StartAsync(2);
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes(servers.Addresses, Route, NotProbed), time);
        var destinations = new Destinations(gateway);
        await servers[1].KillAsync();
        await Eventually.TrueAsync(async () =>
        {
            await destinations.StatusAsync();
            return destinations.StateOf("d1") == "ejected";
        });

        // The first request it gets hangs, so that whatever else is sent to it would be seen.
        await servers[1].StartAgainAsync("--fault", "hang=head;count=1;path=/v1/chat");
        time.Advance(TimeSpan.FromSeconds(11.1));
        Assert.Equal("half-open", destinations.StateOf("d1"));
        var trial = destinations.StatusAsync();
        await Eventually.TrueAsync(async () => await servers[1].ChatsAsync() == 1);
        using var stop = new CancellationTokenSource();
        var (began, before) = (TimeProvider.System.GetTimestamp(), await destinations.AnsweredAsync("d0"));
        var own = gateway.Host.Listeners.ProxyConnections.Open;
        var load = LoadAsync(gateway, seconds: 60, stop.Token);
        await Eventually.TrueAsync(async () =>
        {
            Assert.Equal("half-open", destinations.StateOf("d1"));
            Assert.False(load.IsCompleted, "the load ended");
            return await destinations.AnsweredAsync("d0") - before > 3000;
        });
        var rate = (await destinations.AnsweredAsync("d0") - before) / TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        TestContext.Current.SendDiagnosticMessage($"the other destination answered {rate:F0} requests a second, the loader's start included");

        Assert.Equal(1, await servers[1].ChatsAsync());
        Assert.True(destinations.Word("d1") is { State: AvailabilityState.HalfOpen, IsTrialTaken: true });

        // Without load: after ten seconds another request may try, and would find it well. What was sent on a connection that is gone may still be read from it.
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);
        await Eventually.TrueAsync(() => gateway.Host.Listeners.ProxyConnections.Open <= own && destinations.InFlight == 1);
        time.Advance(TimeSpan.FromMinutes(5.1));
        await Eventually.TrueAsync(() => destinations.StateOf("d1") == "ejected");
        Assert.InRange((destinations.Facts("d1").EjectedUntil - destinations.Registry.Now).TotalSeconds, 1, 22);
        Assert.Equal(2, destinations.Facts("d1").Ejections);
        Assert.Equal(HttpStatusCode.GatewayTimeout, await trial);
    }

    [Fact]
    public async Task Of_two_one_is_ejected_and_with_all_gone_clients_are_told_at_once()
    {
        await using var servers = await Fleet.StartAsync(2);
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes(servers.Addresses, Route));
        var destinations = new Destinations(gateway);
        await SettledAsync(destinations, 2);
        var mostEjected = 0;
        destinations.Registry.Listen(_ => mostEjected = Math.Max(mostEjected, destinations.Ejected()));
        await servers[0].KillAsync();
        await servers[1].KillAsync();
        await Eventually.TrueAsync(async () => await destinations.StatusAsync() == HttpStatusCode.ServiceUnavailable);

        using var answer = await destinations.SendAsync();
        Assert.Equal("no_healthy_backend", answer.Headers.GetValues("X-Blaze-Error").Single());
        Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
        await Eventually.TrueAsync(async () => (await gateway.Admin.GetAsync("/readyz")).StatusCode == HttpStatusCode.ServiceUnavailable);
        await servers[0].StartAgainAsync();
        await Eventually.TrueAsync(async () => await destinations.StatusAsync() == HttpStatusCode.OK);
        Assert.Equal(1, mostEjected);
    }

    private static async Task SettledAsync(Destinations destinations, int count)
    {
        await Eventually.TrueAsync(() => destinations.Cluster.Destinations.Keys.All(id => destinations.Facts(id).IsSeen));
        Assert.Equal(count, destinations.Cluster.DestinationsState.AvailableDestinations.Count);
    }

    private static Task<LoadResult> LoadAsync(GatewayFixture gateway, int seconds, CancellationToken stop) => LoadEngine.RunAsync(
        new LoadOptions
        {
            Request = new RequestOptions { Url = gateway.Proxy.BaseAddress!, Model = "demo-small", MaxTokens = 1, PromptBytes = 32 },
            Rate = 1000,
            Duration = TimeSpan.FromSeconds(seconds),
            Connections = 64,
            Timeout = TimeSpan.FromSeconds(20),
        },
        TimeProvider.System,
        cancellation: stop);

    private sealed class Fleet : IAsyncDisposable
    {
        private readonly List<ModelServerProcess> _servers = [];

        public Uri[] Addresses => [.. _servers.Select(server => server.Address)];

        public ModelServerProcess this[int index] => _servers[index];

        public static async Task<Fleet> StartAsync(int count)
        {
            var fleet = new Fleet();
            fleet._servers.AddRange(await Task.WhenAll(Enumerable.Range(0, count).Select(_ => ModelServerProcess.StartAsync())));
            return fleet;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var server in _servers)
            {
                await server.DisposeAsync();
            }
        }
    }
}
