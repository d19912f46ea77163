using Polly.CircuitBreaker;

namespace BlazeGateway.Policies.Resilience;

/// <summary>Polly's states as they are written in metrics and reports.</summary>
internal static class CircuitStates
{
    private static readonly string[] Names = ["closed", "open", "half-open", "isolated"];

    /// <summary>Number of states.</summary>
    public static int Count => Names.Length;

    /// <summary>The state's name.</summary>
    public static string Name(this CircuitState state) => Names[(int)state];
}
