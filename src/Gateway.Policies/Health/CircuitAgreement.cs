using BlazeGateway.Policies.Resilience;
using Polly.CircuitBreaker;

namespace BlazeGateway.Policies.Health;

/// <summary>
/// Keeps the circuit of a destination from contradicting its availability, which decides. A destination that is sent requests has a closed circuit; it is
/// isolated exactly when its circuit is; one that is half-open has a circuit that is closed or whose break is over, so that its one request decides of both.
/// The circuit of one that was ejected for another cause stays closed, and whoever comes back begins with nothing counted.
/// </summary>
internal static class CircuitAgreement
{
    /// <summary>The circuit's state as it is shown; null where there is no circuit.</summary>
    public static CircuitState? Shown(in AvailabilityFacts facts, DestinationCircuit? circuit) =>
        facts.IsIsolated ? CircuitState.Isolated
        : circuit?.State is CircuitState.Open && facts.State == AvailabilityState.HalfOpen ? CircuitState.HalfOpen
        : circuit?.State;

    /// <summary>Makes the circuit follow.</summary>
    public static void Keep(DestinationCircuit circuit, in AvailabilityFacts before, in AvailabilityFacts after)
    {
        var state = circuit.State;
        if (after.IsIsolated)
        {
            if (state != CircuitState.Isolated)
            {
                circuit.Isolate();
            }
        }
        else if (state == CircuitState.Isolated || (IsServing(after) && (state != CircuitState.Closed || !IsServing(before)))
            || (after.State == AvailabilityState.HalfOpen && state == CircuitState.Open && !circuit.IsDue))
        {
            circuit.Close();
        }
    }

    /// <summary>Whether <paramref name="facts"/> and the circuit can both be true.</summary>
    public static bool Holds(in AvailabilityFacts facts, DestinationCircuit circuit) => circuit.State switch
    {
        CircuitState.Isolated => facts.IsIsolated,
        CircuitState.Closed => !facts.IsIsolated,
        CircuitState.Open => !facts.IsIsolated && !IsServing(facts) && (facts.State != AvailabilityState.HalfOpen || circuit.IsDue),
        _ => false,
    };

    /// <summary>Whether the circuit is why the destination is sent nothing.</summary>
    public static bool KeepsOut(DestinationAvailability destination) =>
        destination.Facts.IsIsolated || (!IsServing(destination.Facts) && destination.Circuit?.State is CircuitState.Open);

    private static bool IsServing(in AvailabilityFacts facts) => facts.State is AvailabilityState.Up or AvailabilityState.Suspect;
}
