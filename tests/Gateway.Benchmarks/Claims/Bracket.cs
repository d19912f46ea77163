using System.Runtime.InteropServices;

namespace BlazeGateway.Benchmarks.Claims;

/// <summary>Two rates with the goodput between them: at the lower one enough requests are in time, at the higher one they are not.</summary>
/// <param name="Holds">The lower one.</param>
/// <param name="Fails">The higher one.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Bracket(double Holds, double Fails)
{
    /// <summary>The share of requests that must be in time.</summary>
    public const double EnoughInTime = 0.95;

    /// <summary>The rate to try next, and the estimate in the end: their geometric mean, because goodputs are compared as ratios.</summary>
    public double Middle => Math.Sqrt(Holds * Fails);

    /// <summary>The half of it that is left after a trial at <see cref="Middle"/>.</summary>
    public Bracket Narrow(double inTime) => inTime >= EnoughInTime ? this with { Holds = Middle } : this with { Fails = Middle };
}
