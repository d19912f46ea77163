using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>The figures that are promised of faults, in simulated time: a few seeds each.</summary>
public sealed class FaultFigureTests
{
    private static readonly ClusterExtensions Calm = new()
    {
        ModelServer = new ModelServerOptions { Kind = "vllm" },
        Health = new HealthOptions { Eject = false },
        CircuitBreaker = new CircuitBreakerOptions { Enabled = false },
    };

    private static readonly ClusterExtensions Usual = new() { ModelServer = new ModelServerOptions { Kind = "vllm" } };

    private static readonly ClusterExtensions Narrow = Usual with { Capacity = new(StringComparer.OrdinalIgnoreCase) { ["*"] = 11 }, Admission = new() { QueueLimit = 0 } };

    /// <summary>All die: 150 requests a second ask no more than a fifth as much again, and the first success comes within 1.5 s of one listening again.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public Task An_outage_of_all_is_no_storm_and_ends_at_once(int seed) => PlayAsync(Usual, seed, Strategies.Adaptive, gateway =>
    {
        var traffic = new SimulatedTraffic(gateway);
        traffic.Send(150, 10);
        Mood(gateway, ServerMood.Dead);
        traffic.End();
        traffic.Forget();
        traffic.Send(150, 20);
        traffic.End();
        Assert.Equal(0, traffic.Success);
        Assert.True(traffic.Amplification <= 1.2, $"{traffic.Amplification:0.00} attempts a request");

        gateway.Server("d1").Become(ServerMood.Well);
        var back = gateway.Time.Now;
        traffic.Send(150, 3);
        traffic.End();
        var first = gateway.Tickets.Where(ticket => ticket.IsOk && ticket.At >= back).Min(static ticket => ticket.SettledAt);
        Assert.True((first - back).TotalSeconds <= 1.5, $"first success after {(first - back).TotalSeconds:0.00} s");
    });

    /// <summary>A fifth of all attempts is answered 503: the budget decides how many get a second chance, and how many do not have to be missed.</summary>
    [Theory]
    [InlineData(20, 1.21, 0.95, 0.97, 1)]
    [InlineData(20, 1.21, 0.95, 0.97, 2)]
    [InlineData(150, 1.13, 0.88, 1, 1)]
    [InlineData(150, 1.13, 0.88, 1, 2)]
    public Task A_fifth_of_503_is_made_good_within_the_budget(int rate, double amplification, double least, double most, int seed) => PlayAsync(Calm, seed, Strategies.RoundRobin, gateway =>
    {
        foreach (var server in Servers(gateway))
        {
            server.Flaky = 0.2;
        }

        var traffic = new SimulatedTraffic(gateway);

        // What was saved before the fault is spent first.
        traffic.Send(rate, 12);
        traffic.Forget();
        traffic.Send(rate, 10_000.0 / rate);
        traffic.End();

        Assert.True(traffic.Amplification <= amplification, $"{traffic.Amplification:0.000} attempts a request");
        Assert.InRange(traffic.Success, least, most);
        Assert.Equal(3, traffic.FewestCandidates);
    });

    /// <summary>The same with everything as it comes: whoever is taken out, somebody is left.</summary>
    [Theory]
    [InlineData(20)]
    [InlineData(150)]
    public Task A_fifth_of_503_empties_no_cluster(int rate) => PlayAsync(Usual, 3, Strategies.Adaptive, gateway =>
    {
        foreach (var server in Servers(gateway))
        {
            server.Flaky = 0.2;
        }

        var traffic = new SimulatedTraffic(gateway);
        traffic.Send(rate, 100);
        traffic.End();

        Assert.InRange(traffic.FewestCandidates, 1, 3);
        Assert.DoesNotContain(gateway.Tickets, static ticket => ticket.Record.ErrorCode is "no_healthy_backend" or "circuit_open");
        Assert.True(traffic.Success >= 0.85, $"{traffic.Success:0.000} good");
    });

    /// <summary>
    /// One of three dies every 20 s, and hangs every other time, at 40 requests a second of about 0.4 s. Where servers have room, only answers that had begun on one
    /// that died are lost. Where what is left has four fifths of what it may have in flight, those that come or come back at once and find no room are lost too.
    /// </summary>
    [Theory]
    [InlineData(Strategies.Adaptive, 1, false, 0)]
    [InlineData(Strategies.RoundRobin, 2, false, 0)]
    [InlineData(Strategies.PowerOfTwoChoices, 3, false, 0)]
    [InlineData(Strategies.Adaptive, 1, true, 80)]
    [InlineData(Strategies.RoundRobin, 2, true, 80)]
    [InlineData(Strategies.PowerOfTwoChoices, 3, true, 80)]
    public Task Deaths_and_half_deaths_in_turn_lose_what_had_begun(string strategy, int seed, bool isNarrow, int most) => PlayAsync(isNarrow ? Narrow : Usual, seed, strategy, gateway =>
    {
        var random = new Random(seed);
        foreach (var server in Servers(gateway))
        {
            server.FirstByte = () => 0.3 + (0.2 * random.NextDouble());
        }

        var traffic = new SimulatedTraffic(gateway);
        traffic.Send(40, 10);
        for (var i = 0; i < 12; i++)
        {
            var server = gateway.Server($"d{i % 3}");
            server.Become(i % 2 == 0 ? ServerMood.Dead : ServerMood.Hanging);
            traffic.Send(40, 8);
            server.Become(ServerMood.Well);
            traffic.Send(40, 12);
        }

        traffic.End();

        var lost = traffic.Failed.Count(static ticket => ticket.Record.Outcome != Outcome.StreamBroken);
        Assert.True(lost <= most, $"{lost} of {traffic.Requests} lost: {string.Join(", ", traffic.Failed.CountBy(static ticket => $"{ticket.Record.StatusCode} {ticket.Record.ErrorCode}"))}");
        var slowest = gateway.Tickets.Max(static ticket => (ticket.SettledAt - ticket.At).TotalSeconds);

        // Two probes of a second, for whoever hung before is given that long, one interval between them, and the answer.
        Assert.True(slowest <= 4, $"the slowest took {slowest:0.00} s");
    });

    /// <summary>Long prompts are no fault: first bytes after 0.1 to 20 s for ten minutes, streams and whole answers, and nobody is taken out.</summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public Task Slow_first_bytes_take_nobody_out(int seed, bool stream) => PlayAsync(Usual, seed, Strategies.Adaptive, gateway =>
    {
        var random = new Random(seed);
        foreach (var server in Servers(gateway))
        {
            server.FirstByte = () => 0.1 + (19.9 * random.NextDouble());
        }

        var changes = new List<string>();
        gateway.Registry.Listen(change => changes.Add($"{change.Destination.DestinationId} {gateway.Registry.Of(change.Destination).Facts.State}"));
        var traffic = new SimulatedTraffic(gateway);
        traffic.Send(4, 600, stream);
        traffic.End();

        Assert.Equal(1, traffic.Success);
        Assert.Empty(changes);
    });

    private static IEnumerable<SimulatedServer> Servers(SimulatedGateway gateway) => gateway.Setup.Hosts.Values.Select(gateway.Server);

    private static void Mood(SimulatedGateway gateway, ServerMood mood)
    {
        foreach (var server in Servers(gateway))
        {
            server.Become(mood);
        }
    }

    private static async Task PlayAsync(ClusterExtensions cluster, int seed, string strategy, Action<SimulatedGateway> play) => await Task.Run(() =>
    {
        using var gateway = new SimulatedGateway(new SimulatedSetup(cluster, new RouteExtensions { Inference = true }, strategy, SimulatedSetup.Several(3)), seed);
        foreach (var server in Servers(gateway))
        {
            var random = new Random(seed);
            server.FirstByte = () => 0.02 + (0.02 * random.NextDouble());
        }

        // Servers that were probed once, as they are a moment after the start.
        gateway.Time.Pass(TimeSpan.FromSeconds(3));
        play(gateway);
    });
}
