namespace BlazeGateway.Policies.Health;

/// <summary>Streams of one destination that the gateway waits for. Those whose client holds them up are not among them: they say nothing of the destination.</summary>
/// <param name="from">Timestamp before which nothing is counted: what waits for longer was sent before the destination was last taken out.</param>
internal sealed class StreamWaits(long from)
{
    /// <summary>Timestamp from which on the first of those that have begun waits; null when there is none.</summary>
    public long? Begun { get; private set; }

    /// <summary>The same of those of which nothing but headers has come.</summary>
    public long? Unbegun { get; private set; }

    /// <summary>Streams that were counted, left out or not.</summary>
    public int Told { get; private set; }

    /// <summary>Takes one.</summary>
    /// <param name="since">Timestamp from which on it waits.</param>
    /// <param name="hasBegun">Whether any of its body has come.</param>
    /// <param name="isAwaited">Whether it waits for the destination, and not for its client.</param>
    public void Add(long since, bool hasBegun, bool isAwaited)
    {
        if (!isAwaited)
        {
            return;
        }

        Told++;
        if (since < from)
        {
            return;
        }

        if (hasBegun)
        {
            Begun = Math.Min(Begun ?? since, since);
        }
        else
        {
            Unbegun = Math.Min(Unbegun ?? since, since);
        }
    }
}
