using System.Collections;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Health;

/// <summary>
/// The destinations of a cluster that may be picked, as one immutable picture that is swapped whole when a state changes.
/// It is what YARP calls the available destinations, so everything that asks YARP sees the same.
/// </summary>
internal sealed class CandidateSet(ClusterLoads loads, DestinationState[] candidates, DestinationState[] settled, DestinationAvailability[] slow, DestinationAvailability[] halfOpen)
    : IReadOnlyList<DestinationState>
{
    /// <summary>What the candidates have to do, in their order, and what strategies keep for the cluster.</summary>
    public ClusterLoads Loads => loads;

    /// <summary>Candidates that are not being eased in.</summary>
    public IReadOnlyList<DestinationState> Settled { get; } = settled;

    /// <summary>Candidates that are being eased in.</summary>
    public ReadOnlySpan<DestinationAvailability> Slow => slow;

    /// <summary>Destinations that one request at a time may try. They are no candidates.</summary>
    public ReadOnlySpan<DestinationAvailability> HalfOpen => halfOpen;

    /// <summary>Whether there is no candidate because the circuit of every destination is open or isolated.</summary>
    public bool IsCircuitOpen { get; init; }

    /// <summary>Whether a pick is the strategy's alone.</summary>
    public bool IsCalm => slow.Length == 0 && halfOpen.Length == 0;

    /// <inheritdoc />
    public int Count => candidates.Length;

    /// <inheritdoc />
    public DestinationState this[int index] => candidates[index];

    /// <inheritdoc />
    public IEnumerator<DestinationState> GetEnumerator() => ((IEnumerable<DestinationState>)candidates).GetEnumerator();

    /// <inheritdoc />
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
