namespace BlazeGateway.Policies.Admission;

/// <summary>What is kept for critical requests. Maths alone.</summary>
internal static class Reserve
{
    /// <summary>Whole places of <paramref name="places"/> that are kept: <paramref name="share"/> of them, rounded up, and never the only one; 0 where their number has no bound.</summary>
    public static int Of(long places, double share) =>
        share == 0 || places is < 1 or >= int.MaxValue ? 0 : (int)Math.Min(places - 1, Math.Ceiling(places * share));
}
