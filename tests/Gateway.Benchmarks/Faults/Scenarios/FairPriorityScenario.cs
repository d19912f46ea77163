using BlazeGateway.Benchmarks.Faults.Servers;
using BlazeGateway.Benchmarks.Faults.Traffic;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>Requests of the lowest priority ask four times what the servers can do, in a queue too long for them all to be served in time; now and then comes one of the highest.</summary>
internal sealed class FairPriorityScenario(string name, double reserve) : FaultScenario
{
    private const double Times = 4;
    private const double UrgentRate = 3;
    private const double AloneSeconds = 5;
    private const double CapacitySeconds = 9;
    private const double SettleSeconds = 4;
    private const int QueueTimeout = 1;
    private const double SlackMilliseconds = 200;
    private static readonly int[] Lengths = [48, 96, 144];

    /// <summary>No place is kept for those of the highest priority: they wait for one that comes free by chance.</summary>
    public static FairPriorityScenario Unreserved { get; } = new("fair priority", reserve: 0);

    /// <summary>One place of each server is.</summary>
    public static FairPriorityScenario Reserved { get; } = new("fair reserve", reserve: 0.125);

    public override string Name => name;

    public override EngineSize Size => EngineSize.Small;

    public override GatewaySettings Settings { get; } = new()
    {
        Capacity = EngineSize.Small.Slots,
        QueueLimit = 30,
        QueueSeconds = QueueTimeout,
        CriticalReserve = reserve,
        Clients = new Dictionary<string, string>(StringComparer.Ordinal) { ["urgent"] = "critical", ["bulk"] = "batch" },
    };

    public override bool IsFor(FaultFrontEnd frontEnd) => frontEnd.IsBlaze || (frontEnd.Name == "yarp" && reserve == 0);

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        var seconds = trial.Durations.FairSeconds;
        Arrivals Of(double rate, double duration, string client) => new()
        {
            Rate = rate,
            Count = (int)Math.Round(rate * duration),
            StreamShare = 1,
            AnswerTokens = Lengths,
            Headers = [KeyValuePair.Create("Authorization", "Bearer " + client)],
            Seed = trial.Seed + client[0],
        };
        var capacity = await trial.Fleet.CapacityAsync(url => new RequestMix(url, FaultFleet.Model, Of(1, 0, "bulk")), CapacitySeconds, cancellation);
        var alone = await trial.Retrying(Of(UrgentRate, AloneSeconds, "urgent"), cancellation).Requests;
        var usual = alone.Select(request => request.Attempts[0].FirstMilliseconds).Order().ElementAt(alone.Count / 2);
        var bulk = trial.Retrying(Of(Times * capacity / Lengths.Average(), seconds, "bulk"), cancellation);
        var urgent = trial.Retrying(Of(UrgentRate, seconds, "urgent"), cancellation);
        var ahead = bulk.Now - urgent.Now;
        bulk.StopRetrying();
        urgent.StopRetrying();
        var (many, few) = (await bulk.Requests, await urgent.Requests);
        double[] freed = [.. many.Where(request => request.IsAnswered).Select(request => request.EndedAt - ahead), .. few.Where(request => request.IsAnswered).Select(request => request.EndedAt)];
        var waits = SlotWaits.Of([.. few.Where(request => request.At >= SettleSeconds)], freed, usual);
        var interval = Math.Round(1000 * (seconds - SettleSeconds) / freed.Count(at => at >= SettleSeconds && at < seconds));
        var late = many.Concat(few).Count(request => request.IsAnswered && request.Attempts[0].FirstMilliseconds - usual > (1000 * QueueTimeout) + SlackMilliseconds);
        return FaultRow.Of(Name, [.. many, .. few]) with
        {
            Notes = FormattableString.Invariant(
                $"a slot every {interval:0} ms; {few.Count} critical, {few.Count(request => !request.IsAnswered)} not answered, wait p50 {waits.P50:0} p99 {waits.P99:0} ms, beyond the next slot p99 {waits.BeyondP99:0} ms; batch {StatusCounts.Of(many.Select(request => request.Attempts[0]))}; begun after the limit of the queue {late}"),
            Promises =
            [
                FaultPromise.AtMost("critical not answered", few.Count(request => !request.IsAnswered), 0),
                FaultPromise.AtMost("begun after their time in the queue was over", late, 0),
                .. reserve == 0 ? (FaultPromise[])[] : [FaultPromise.AtMost($"p99 of critical waits, ms, (one slot: {interval})", waits.P99, interval)],
            ],
        };
    }
}
