namespace BlazeGateway.Benchmarks.Cancel;

/// <summary>Where a request is when its client leaves.</summary>
internal enum CancelMoment
{
    /// <summary>Half its body is sent, on a route that streams bodies.</summary>
    Upload,

    /// <summary>The model server has the request and has answered nothing.</summary>
    FirstByte,

    /// <summary>Three events of a stream have come.</summary>
    Stream,

    /// <summary>A part of an answer that is no stream has come.</summary>
    Document,
}

/// <summary>What came of the trials of one moment.</summary>
/// <param name="Moment">The moment.</param>
/// <param name="Delays">From the client's leaving until the model server saw it, sorted; one per trial in which it did.</param>
/// <param name="Missed">Trials in which the model server saw nothing within the patience.</param>
internal sealed record CancelResult(CancelMoment Moment, IReadOnlyList<TimeSpan> Delays, int Missed)
{
    /// <summary>The delay that <paramref name="share"/> of the trials did not exceed (nearest rank).</summary>
    public TimeSpan Percentile(double share) => Delays.Count == 0 ? TimeSpan.MaxValue : Delays[Math.Max(0, (int)Math.Ceiling(share * Delays.Count) - 1)];
}
