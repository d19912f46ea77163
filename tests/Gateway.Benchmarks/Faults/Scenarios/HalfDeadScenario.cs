using BlazeGateway.Benchmarks.Claims;
using BlazeGateway.Benchmarks.Faults.Servers;
using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>At four fifths of what all can do, one after the other is killed and started again, and a while later breaks a half of what it takes: by silence, by 500, and by a reset.</summary>
internal sealed class HalfDeadScenario : FaultScenario
{
    private const double Share = 0.8;
    private const double CapacitySeconds = 6;
    private const int Tokens = 32;
    private const string Failed = "requests that failed";
    private static readonly string[] Faults = ["hang=head", "status=500", "rst=head"];

    public override string Name => "half-dead";

    public override EngineSize Size => EngineSize.Small;

    // Room for as many as the servers run, a queue as it comes, which two of them serve in five seconds, less patience with a first byte than clients have, and streams that go on elsewhere.
    public override GatewaySettings Settings { get; } = new() { Capacity = EngineSize.Small.Slots, QueueSeconds = 5, FirstByteSeconds = 5, Continuation = true };

    public override IReadOnlyList<PeerPromise> PeerPromises { get; } = [new(Failed, "yarp+health", 0.4, IsLeast: false)];

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        var (down, before) = (trial.Durations.HalfDeadSeconds, trial.Durations.BeforeSeconds);
        var arrivals = new Arrivals { Rate = 1, Count = 0, AnswerTokens = [Tokens], Seed = trial.Seed };
        var capacity = await trial.Fleet.CapacityAsync(url => new RequestMix(url, FaultFleet.Model, arrivals), CapacitySeconds, cancellation);
        var rate = Share * capacity / Tokens;
        var each = 5 * down;
        var machine = new MachineLoad();
        var load = trial.Retrying(arrivals with { Rate = rate, Count = (int)(rate * (before + (each * Faults.Length))) }, cancellation);
        foreach (var (index, server) in trial.Fleet.Servers.Index())
        {
            var at = before + (each * index);
            await load.ReachAsync(at, cancellation);
            await server.KillAsync(cancellation);
            await load.ReachAsync(at + down, cancellation);
            await server.StartAsync(cancellation);
            await load.ReachAsync(at + (2 * down), cancellation);
            await server.SetFaultAsync($"{Faults[index]};p=0.5;path=/v1/chat", cancellation);
            await load.ReachAsync(at + (3 * down), cancellation);
            await server.SetFaultAsync("", cancellation);
        }

        await load.ReachAsync(before + (each * Faults.Length), cancellation);
        var busy = machine.Share;
        var requests = await load.Requests;
        var row = FaultRow.Of(Name, requests);
        var late = requests.Where(request => !request.IsAnsweredWithin(RetryingLoad.Patience)).ToArray();
        int Since(double from, double to) => late.Count(request => request.At >= from && request.At < to);
        var parts = Faults.Index().Select(fault => (fault.Item, At: before + (each * fault.Index)))
            .Select(one => $"killed {Since(one.At, one.At + (2 * down))}, {one.Item} {Since(one.At + (2 * down), one.At + each)}");
        return row with
        {
            Attempts = (double)requests.Sum(request => request.Attempts.Count) / requests.Count,
            Notes = FormattableString.Invariant(
                $"{rate:0}/s; failed {row.Lost}; not answered within 10 s {late.Length}: {string.Join(", ", parts)}; attempts {StatusCounts.Of(requests.SelectMany(request => request.Attempts))}; machine {busy:P0} busy{(busy > OverloadScenario.MostBusy ? ", NOT VALID" : "")}"),
            Figures = new Dictionary<string, double>(StringComparer.Ordinal) { [Failed] = row.Lost },
        };
    }
}
