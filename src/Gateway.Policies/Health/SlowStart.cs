namespace BlazeGateway.Policies.Health;

/// <summary>How a destination that returns is eased in: its share grows linearly from a tenth, as Envoy's slow start does.</summary>
internal static class SlowStart
{
    /// <summary>The smallest weight.</summary>
    public const double Floor = 0.1;

    /// <summary>The part of its ordinary weight that a destination has <paramref name="elapsed"/> after its return. Weighted strategies multiply by it.</summary>
    public static double Weight(TimeSpan elapsed, TimeSpan window) => window <= TimeSpan.Zero ? 1 : Math.Clamp(elapsed / window, Floor, 1);

    /// <summary>
    /// The chance with which a pick of it by a strategy that knows no weights is to stand, so that its share becomes that of its weight;
    /// picks that do not stand go to destinations of full weight.
    /// </summary>
    /// <param name="weight">Its weight.</param>
    /// <param name="candidates">Candidates the strategy picks from, each as often as any other.</param>
    /// <param name="totalWeight">Sum of their weights.</param>
    public static double Acceptance(double weight, int candidates, double totalWeight) => Math.Min(1, weight * candidates / totalWeight);
}
