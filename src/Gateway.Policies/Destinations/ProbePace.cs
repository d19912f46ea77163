namespace BlazeGateway.Policies.Destinations;

/// <summary>How often a destination is probed and how long an answer is waited for. One per destination, used by its watch alone.</summary>
internal sealed class ProbePace
{
    /// <summary>Between two probes of a destination that is well.</summary>
    public static readonly TimeSpan Calm = TimeSpan.FromSeconds(1);

    /// <summary>Between two probes of one that is not.</summary>
    public static readonly TimeSpan Urgent = TimeSpan.FromMilliseconds(500);

    /// <summary>Least time between two probes, whatever calls for one.</summary>
    public static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(250);

    /// <summary>Clusters with more destinations are probed more slowly, so that the probes of a cluster do not grow without end.</summary>
    public const int Crowd = 50;

    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPatience = TimeSpan.FromSeconds(1);
    private const int Kept = 128;
    private const int Enough = 8;

    // One that does not count, because bytes came shortly before the end, and two that do.
    private const int MostSilences = 3;
    private const int MostCounted = 2;

    private readonly TimeSpan[] _durations = new TimeSpan[Kept];
    private int _count;
    private int _silences;
    private int _counted;
    private TimeSpan _before;

    /// <summary>
    /// Longest wait for an answer: five times the 99th percentile of what answers took, within 250 ms and 1 s; 1 s until enough is known. After silence it is 1 s,
    /// and silence counts among what answers took: a server whose answers take longer than they did is slow and not dead. Where requests wait there is no time for
    /// that: the second probe of the pair that is believed waits as the first did, so that a server that became slow may be taken out once, but not again.
    /// </summary>
    public TimeSpan Patience => _silences == 0 ? Usual : _silences < MostSilences && _counted < MostCounted ? _before : LongestPatience;

    private TimeSpan Usual
    {
        get
        {
            var known = Math.Min(_count, Kept);
            if (known < Enough)
            {
                return LongestPatience;
            }

            var sorted = _durations[..known];
            Array.Sort(sorted);

            // Of 128 the 99th percentile; of fewer all but the longest, for the first answer of all makes connections.
            var patience = 5 * sorted[^2];
            return patience < ShortestPatience ? ShortestPatience : patience > LongestPatience ? LongestPatience : patience;
        }
    }

    /// <summary>Time between two probes.</summary>
    /// <param name="isCalm">Whether the destination is well.</param>
    /// <param name="destinations">Destinations of its cluster.</param>
    public static TimeSpan Interval(bool isCalm, int destinations) => (isCalm ? Calm : Urgent) * Math.Max(1, (double)destinations / Crowd);

    /// <summary>An answer took this long.</summary>
    public void Learn(TimeSpan duration)
    {
        (_silences, _counted) = (0, 0);
        Keep(duration);
    }

    /// <summary>There was no answer in this time. It would have taken longer.</summary>
    /// <param name="waited">Time waited.</param>
    /// <param name="isAwaited">Whether requests are in flight there.</param>
    /// <param name="counts">Whether it counts against the destination; of a pair that is believed both do.</param>
    public void LearnSilence(TimeSpan waited, bool isAwaited = false, bool counts = true)
    {
        _before = _silences == 0 ? Usual : _before;
        _silences = isAwaited ? _silences + 1 : MostSilences;
        _counted += counts ? 1 : 0;
        Keep(waited);
    }

    private void Keep(TimeSpan duration) => _durations[_count++ % Kept] = duration;
}
