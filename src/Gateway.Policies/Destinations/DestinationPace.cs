namespace BlazeGateway.Policies.Destinations;

/// <summary>
/// How a destination compares with what is expected of any: the factor its first chunks take longer by, how far apart its chunks come, how often it fails.
/// Written by whoever holds an answer; two at one moment may count as one. No lock.
/// </summary>
internal sealed class DestinationPace
{
    private const double Part = 0.05;
    private const double PartOfSlower = 0.15;
    private const double PartAfterSilence = 0.5;
    private const double Fading = 20;
    private const double PartOfFailures = 0.1;
    private const double Farthest = 2;
    private const double Forgotten = 10;
    private const int Enough = 50;
    private const int Many = 1_000_000;

    private const double Unheard = 10;

    // How much of the difference from 1 chance alone would make, in variances: below, none of it is believed.
    private const double Doubt = 2;

    private double _factor = 1;
    private double _sure = 1;
    private double _scatter = 0.5;
    private long _tookAt;
    private double _usual;
    private double _perChunk;
    private double _failures;
    private long _judged;
    private int _samples;

    /// <summary>Answers that were learned from.</summary>
    public int Samples => Volatile.Read(ref _samples);

    /// <summary>Times as long as expected, as answers say, chance included; 1 before the first.</summary>
    public double Learned => Volatile.Read(ref _factor);

    /// <summary>
    /// Times as long as expected, as picks go by it: as learned, drawn towards 1 as far as chance could have made it (James and Stein's estimator, its positive
    /// part), so that equal destinations are not told apart by luck; less for a destination of few answers, and less and less for one found slow that was not
    /// heard of for long, so that each is tried.
    /// </summary>
    public double Factor(TimeSpan now)
    {
        var (factor, samples) = (Volatile.Read(ref _sure), Samples);
        var unheard = (now - new TimeSpan(Volatile.Read(ref _tookAt))).TotalSeconds / Unheard;
        factor = factor > 1 && unheard > 1 ? 1 + ((factor - 1) / (unheard * unheard)) : factor;
        return samples < Enough ? factor * (1 - (0.5 / (1 + (samples / 4.0)))) : factor;
    }

    /// <summary>Seconds a first chunk usually takes, whatever the request; 0 before the first answer.</summary>
    public double Usual => Volatile.Read(ref _usual);

    /// <summary>Seconds between chunks as picks go by them, 0 when not known: one found slower than is usual in the cluster is thought less and less so when it was not heard of for long.</summary>
    public double PerChunkAt(double usual, TimeSpan now)
    {
        var (chunk, unheard) = (PerChunk, (now - new TimeSpan(Volatile.Read(ref _tookAt))).TotalSeconds / Unheard);
        return chunk > usual && unheard > 1 ? usual + ((chunk - usual) / (unheard * unheard)) : chunk;
    }

    /// <summary>Seconds between chunks, 0 when not known.</summary>
    public double PerChunk => Volatile.Read(ref _perChunk);

    /// <summary>
    /// The first chunk took <paramref name="seconds"/>, and <paramref name="plain"/> was what was expected of a destination of factor 1. A rise is followed faster
    /// than a fall.
    /// </summary>
    public void Took(double seconds, double plain, TimeSpan now)
    {
        var since = (now - new TimeSpan(Interlocked.Exchange(ref _tookAt, now.Ticks))).TotalSeconds;
        var samples = Samples < Many ? Interlocked.Increment(ref _samples) : Many;

        // From what was learned, not from what the pick went by: that is less than it where a destination is tried, and the difference would be learned again.
        var off = Math.Clamp(Math.Log(seconds / (plain * Learned)), -Farthest, Farthest);
        var usual = Usual;
        Volatile.Write(ref _usual, usual == 0 ? seconds : usual * Math.Exp(Math.Max(Part, 1.0 / samples) * Math.Clamp(Math.Log(seconds / usual), -Farthest, Farthest)));

        // The longer nothing was heard, the less is known still.
        var part = Math.Max(Math.Max(off > Math.Log(2) ? PartOfSlower : Part, Math.Min(PartAfterSilence, since / Fading)), 1.0 / (samples + 1));
        Volatile.Write(ref _factor, Math.Clamp(Learned * Math.Exp(part * off), 1e-3, 1e3));
        Volatile.Write(ref _scatter, _scatter + (Math.Max(Part, 1.0 / (samples + 1)) * ((off * off) - _scatter)));
        Volatile.Write(ref _sure, Sure(Math.Log(Learned), _scatter * Math.Max(Part / (2 - Part), 1.0 / (samples + 1))));
    }

    private static double Sure(double log, double variance) => log * log > Doubt * variance ? Math.Exp(log * (1 - (Doubt * variance / (log * log)))) : 1;

    /// <summary>Chunks came <paramref name="seconds"/> apart.</summary>
    public void ChunksCame(double seconds)
    {
        var before = PerChunk;
        Volatile.Write(ref _perChunk, before == 0 ? seconds : before * Math.Exp(2 * Part * Math.Clamp(Math.Log(seconds / before), -Farthest, Farthest)));
    }

    /// <summary>An attempt ended.</summary>
    public void Judged(bool isFailure, TimeSpan now)
    {
        Volatile.Write(ref _failures, (Failures(now) * (1 - PartOfFailures)) + (isFailure ? PartOfFailures : 0));
        Volatile.Write(ref _judged, now.Ticks);
    }

    /// <summary>Share of attempts that fail, as far as it is known; forgotten in time, so that the destination is tried again.</summary>
    public double Failures(TimeSpan now) =>
        Volatile.Read(ref _failures) is > 0 and var share ? share * Math.Exp(-(now - new TimeSpan(Volatile.Read(ref _judged))).TotalSeconds / Forgotten) : 0;
}
