using BlazeGateway.Benchmarks.Faults.Servers;
using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>Two clients ask more than the servers can do, each by itself, and one of them ten times as much as the other.</summary>
internal sealed class FairShareScenario : FaultScenario
{
    private const double Calm = 1.2;
    private const double Busy = 10 * Calm;
    private const double CapacitySeconds = 9;
    private const double SettleSeconds = 5;
    private static readonly int[] Lengths = [48, 96, 144];

    public override string Name => "fair share";

    public override EngineSize Size => EngineSize.Small;

    public override GatewaySettings Settings { get; } = new()
    {
        Capacity = EngineSize.Small.Slots,
        QueueLimit = 20,
        QueueSeconds = 5,
        Clients = new Dictionary<string, string>(StringComparer.Ordinal) { ["calm"] = "standard", ["busy"] = "standard" },
    };

    // Nothing else here knows clients; one that does not is enough to compare with.
    public override bool IsFor(FaultFrontEnd frontEnd) => frontEnd.IsBlaze || frontEnd.Name == "yarp";

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        var seconds = trial.Durations.FairSeconds;
        Arrivals Of(double rate, string client) => new()
        {
            Rate = rate,
            Count = (int)Math.Round(rate * seconds),
            StreamShare = 1,
            AnswerTokens = Lengths,
            Headers = [KeyValuePair.Create("Authorization", "Bearer " + client)],
            Seed = trial.Seed + client[0],
        };
        var capacity = await trial.Fleet.CapacityAsync(url => new RequestMix(url, FaultFleet.Model, Of(1, "calm")), CapacitySeconds, cancellation);
        var rate = capacity / Lengths.Average();
        var (calm, busy) = (trial.Retrying(Of(Calm * rate, "calm"), cancellation), trial.Retrying(Of(Busy * rate, "busy"), cancellation));
        calm.StopRetrying();
        busy.StopRetrying();
        var (few, many) = (await calm.Requests, await busy.Requests);
        var (calmTokens, busyTokens) = (Goodput.TokensWithin(few, SettleSeconds, seconds), Goodput.TokensWithin(many, SettleSeconds, seconds));
        var share = calmTokens / Math.Max(1, calmTokens + busyTokens);
        return FaultRow.Of(Name, [.. few, .. many]) with
        {
            Notes = FormattableString.Invariant(
                $"offered {few.Count} and {many.Count}; tokens served {calmTokens:0} and {busyTokens:0}, {share:P1} to the one that asks less; {(calmTokens + busyTokens) / (seconds - SettleSeconds) / capacity:P0} of capacity"),
            Promises = [new FaultPromise("part of the one that asks less from 0.45 to 0.55", FormattableString.Invariant($"{share:0.000}"), share is >= 0.45 and <= 0.55)],
        };
    }
}
