using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.Resilience;

namespace BlazeGateway.Policies.Health;

/// <summary>The availability of one destination as it may be shown.</summary>
/// <param name="Destination">Destination id.</param>
/// <param name="Address">Address without user or query.</param>
/// <param name="State">Name of the state.</param>
/// <param name="Available">Whether it may be picked now.</param>
/// <param name="Reason">Why it is in its state, as in labels.</param>
/// <param name="Why">The same in words.</param>
/// <param name="Since">When it came into its state.</param>
/// <param name="Weight">Part of its ordinary share, 0.1 to 1; 1 unless it is being eased in.</param>
/// <param name="Ejections">Ejections that lengthen the next one.</param>
/// <param name="EjectedUntil">When the ejection ends by itself; null when it is not ejected, or a probe has to end it.</param>
/// <param name="NextProbe">When it is probed next; null when it is not probed.</param>
/// <param name="InFlight">Requests sent to it and not finished.</param>
internal sealed record DestinationReport(
    string Destination,
    string Address,
    string State,
    bool Available,
    string Reason,
    string Why,
    DateTimeOffset Since,
    double Weight,
    int Ejections,
    DateTimeOffset? EjectedUntil,
    DateTimeOffset? NextProbe,
    int InFlight)
{
    /// <summary>State of its circuit: <c>closed</c>, <c>open</c>, <c>half-open</c>, <c>isolated</c>; null when its cluster has no circuits.</summary>
    public string? Circuit { get; init; }

    /// <summary>Status by which it refuses the gateway's key, or asks for one; null when it does neither.</summary>
    public int? KeyRefused { get; init; }

    /// <summary>Seconds it is still left alone because it answered 429, whatever its state; null when it is not.</summary>
    public double? CoolingSeconds { get; init; }

    /// <summary>What the gateway has sent it and learned of it; null until that is asked for.</summary>
    public LoadSummary? Load { get; init; }

    /// <summary>The load it reported last; null when it is not asked or has not answered.</summary>
    public ReportedSummary? Reported { get; init; }

    /// <summary>The same report of a destination that took the last question for its models as <paramref name="status"/> says.</summary>
    public DestinationReport With(DestinationStatus status)
    {
        if (status.Answer != DestinationAnswer.Unauthorized)
        {
            return this;
        }

        var words = $"its key is missing or refused ({status.StatusCode}), so it gets no inference requests while others take theirs";
        return this with { KeyRefused = status.StatusCode, Why = State == AvailabilityState.Up.Name() && CoolingSeconds is null ? words : $"{Why}; {words}" };
    }

    internal static DestinationReport Of(DestinationAvailability destination, in AvailabilityFacts facts, bool isAvailable, DateTimeOffset start, DateTimeOffset? nextProbe) =>
        Plain(destination, facts, isAvailable, start, nextProbe).With(destination.CoolingLeft);

    private static DestinationReport Plain(DestinationAvailability destination, in AvailabilityFacts facts, bool isAvailable, DateTimeOffset start, DateTimeOffset? nextProbe) => new(
        destination.Destination.DestinationId,
        DestinationQuestion.Shown(new Uri(destination.Address)),
        facts.State.Name(),
        isAvailable,
        facts.Reason.Label(),
        facts.Reason.Sentence(),
        start + facts.Since,
        Math.Round(destination.Weight, 3),
        facts.Ejections,
        facts is { State: AvailabilityState.Ejected, IsDead: false, Yarp: YarpVerdict.None } ? start + facts.EjectedUntil : null,
        nextProbe,
        destination.Load.InFlight)
    {
        Circuit = CircuitAgreement.Shown(facts, destination.Circuit)?.Name(),
    };

    private DestinationReport With(TimeSpan cooling)
    {
        if (cooling <= TimeSpan.Zero)
        {
            return this;
        }

        var words = FormattableString.Invariant($"it answered 429 and gets no requests for {Math.Ceiling(cooling.TotalSeconds)} s more");
        return this with { CoolingSeconds = Math.Round(cooling.TotalSeconds, 3), Why = State == AvailabilityState.Up.Name() ? words : $"{Why}; {words}" };
    }
}

/// <summary>What a destination reported of its load, as it may be shown.</summary>
/// <param name="Waiting">Requests that wait in it.</param>
/// <param name="Running">Requests it works on.</param>
/// <param name="KvCacheUsage">Part of its KV cache in use, 0 to 1.</param>
/// <param name="AgeSeconds">How old the report is.</param>
internal sealed record ReportedSummary(int? Waiting, int? Running, double? KvCacheUsage, double AgeSeconds)
{
    internal static ReportedSummary? Of(ReportedLoad? report, TimeSpan now) => report is null
        ? null
        : new(report.Facts.Waiting, report.Facts.Running, report.Facts.CacheUse, Math.Round(Math.Max(0, (now - report.TakenAt).TotalSeconds), 3));
}
