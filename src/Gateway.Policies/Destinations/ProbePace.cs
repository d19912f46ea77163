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

    private readonly TimeSpan[] _durations = new TimeSpan[Kept];
    private int _count;
    private bool _wasSilent;

    /// <summary>
    /// Longest wait for an answer: five times the 99th percentile of what answers took, within 250 ms and 1 s; 1 s until enough is known, and after silence
    /// until there is an answer again: a server whose answers take longer than they did is slow and not dead.
    /// </summary>
    public TimeSpan Patience
    {
        get
        {
            var known = Math.Min(_count, Kept);
            if (known < Enough || _wasSilent)
            {
                return LongestPatience;
            }

            var sorted = _durations[..known];
            Array.Sort(sorted);
            var patience = 5 * sorted[(int)Math.Ceiling(known * 0.99) - 1];
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
        _wasSilent = false;
        _durations[_count++ % Kept] = duration;
    }

    /// <summary>There was no answer in this time. It would have taken longer.</summary>
    public void LearnSilence(TimeSpan waited)
    {
        Learn(waited);
        _wasSilent = true;
    }
}
