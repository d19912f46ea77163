namespace BlazeGateway.Policies.Admission;

/// <summary>
/// A turn among others by start-time fair queueing (Goyal, Vin and Cheng, 1996) with tokens for bytes: whoever has the earliest start is served and starts
/// its next turn as much later as its tokens are by its share. Whoever comes anew starts now, not where it left off.
/// </summary>
internal abstract class FairTurn
{
    /// <summary>Where its next turn starts, in tokens by share.</summary>
    public double Start { get; private set; }

    /// <summary>Begins to wait when the one served last started at <paramref name="now"/>.</summary>
    public void Join(double now) => Start = Math.Max(Start, now);

    /// <summary>
    /// Was served, or gets back what it was charged too much: no more than brings it to <paramref name="now"/>, for what it was made to wait is over, and
    /// turns saved up would be everybody else's.
    /// </summary>
    public void Charge(double tokens, double now) => Start = tokens >= 0 ? Start + tokens : Math.Max(Start + tokens, Math.Min(Start, now));
}
