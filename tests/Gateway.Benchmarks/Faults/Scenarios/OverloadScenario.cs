using BlazeGateway.Benchmarks.Claims;
using BlazeGateway.Benchmarks.Faults.Servers;
using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>Four times what the servers can do is asked of them, by clients that try again; before and after it is a part of what they can do.</summary>
internal sealed class OverloadScenario : FaultScenario
{
    /// <summary>Busier than this, the machine is what is measured and not the servers.</summary>
    public const double MostBusy = 0.9;

    private const double Times = 4;
    private const double EasyShare = 0.3;
    private const double CapacitySeconds = 9;
    private const double EasySeconds = 8;
    private const double AfterSeconds = 15;

    // The comparisons with others are promised of this much: who queues without a bound serves in time as before for a while.
    private const double PromisedSeconds = 30;
    private const string InTime = "requests answered in time";
    private const string ForNobody = "tokens generated for nobody";
    private static readonly int[] Lengths = [48, 96, 144];

    public override string Name => "overload";

    public override EngineSize Size => EngineSize.Small;

    // Room for as many as the servers run, and a queue that they serve in about a second.
    public override GatewaySettings Settings { get; } = new() { Capacity = EngineSize.Small.Slots, QueueLimit = 10, QueueSeconds = 5 };

    public override IReadOnlyList<PeerPromise> PeerPromises { get; } = [new(InTime, "yarp", 2.5, IsLeast: true), new(ForNobody, "yarp", 0.4, IsLeast: false)];

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        Arrivals Of(double rate, double seconds, int part) =>
            new() { Rate = rate, Count = (int)Math.Round(rate * seconds), StreamShare = 1, AnswerTokens = Lengths, Seed = (10 * trial.Seed) + part };
        var capacity = await trial.Fleet.CapacityAsync(url => new RequestMix(url, FaultFleet.Model, Of(1, 0, 0)), CapacitySeconds, cancellation);
        var rate = capacity / Lengths.Average();
        await trial.Fleet.ResetAsync(cancellation);
        var before = await trial.Retrying(Of(EasyShare * rate, EasySeconds, 1), cancellation).Requests;
        var seconds = trial.Durations.OverloadSeconds;
        var machine = new MachineLoad();
        var load = trial.Retrying(Of(Times * rate, seconds, 2), cancellation);
        await load.ReachAsync(seconds, cancellation);
        var busy = machine.Share;
        load.StopRetrying();
        var after = await trial.Retrying(Of(EasyShare * rate, AfterSeconds, 3), cancellation).Requests;
        var requests = await load.Requests;
        var tokens = await trial.Fleet.TokensAsync(cancellation);
        var wasted = tokens.All - Goodput.Tokens(before) - Goodput.Tokens(requests) - Goodput.Tokens(after);
        var share = Goodput.TokensWithin(requests, 0, seconds) / seconds / capacity;
        var rejects = requests.SelectMany(request => request.Attempts).Where(attempt => attempt.Status is 429 or 503 && attempt.At < seconds).ToArray();
        double? rejected = rejects.Length == 0 ? null : FaultRow.Percentile(rejects, 0.99);
        var recovered = Goodput.RecoveredAt(before, after);
        var answered = requests.Count(request => request.IsAnswered);
        return FaultRow.Of(Name, requests) with
        {
            Attempts = (double)requests.Sum(request => request.Attempts.Count) / requests.Count,
            Notes = FormattableString.Invariant(
                $"capacity {capacity:0} tokens/s; goodput {share:P1} of it, {answered} answered in time; {rejects.Length} refused, p99 {rejected:0.0} ms; as before after {recovered:0.0} s; {wasted} of {tokens.All} tokens for nobody, {tokens.Discarded} of those told to the server; machine {busy:P0} busy{(busy > MostBusy ? ", NOT VALID" : "")}"),
            Figures = seconds < PromisedSeconds
                ? new Dictionary<string, double>(StringComparer.Ordinal)
                : new Dictionary<string, double>(StringComparer.Ordinal) { [InTime] = answered, [ForNobody] = wasted },
            Promises =
            [
                FaultPromise.AtLeast("goodput, share of capacity,", share, 0.9),
                FaultPromise.AtMost("p99 of refusals, ms,", rejected, 10, "0.0"),
                FaultPromise.AtMost("latencies as before after the load fell, s,", recovered, 2, "0.0"),
            ],
        };
    }
}
