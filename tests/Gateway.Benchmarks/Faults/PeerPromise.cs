namespace BlazeGateway.Benchmarks.Faults;

/// <summary>Something promised of the gateway as a multiple of what another front end did in the same scenario of the same run.</summary>
/// <param name="Figure">A name in <see cref="FaultRow.Figures"/> of both rows.</param>
/// <param name="Peer">The other front end.</param>
/// <param name="Times">The multiple.</param>
/// <param name="IsLeast">Whether it is the least that is promised; else it is the most.</param>
internal sealed record PeerPromise(string Figure, string Peer, double Times, bool IsLeast)
{
    /// <summary>Whether it holds of <paramref name="row"/>; null when the other front end was not measured, or either has no such figure.</summary>
    public FaultPromise? Judge(FaultRow row, IEnumerable<FaultRow> rows)
    {
        var peer = rows.FirstOrDefault(other => other.Scenario == row.Scenario && other.FrontEnd == Peer);
        if (peer is null || !row.Figures.TryGetValue(Figure, out var own) || !peer.Figures.TryGetValue(Figure, out var theirs))
        {
            return null;
        }

        return new FaultPromise(
            FormattableString.Invariant($"{Figure} at {(IsLeast ? "least" : "most")} {Times} times those of {Peer}"),
            FormattableString.Invariant($"{own:0} to {theirs:0}"),
            IsLeast ? own >= Times * theirs : own <= Times * theirs);
    }
}
