namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>How often one destination is asked for its load, so that answering takes no more than <see cref="Share"/> of its time. Used by its watch alone.</summary>
internal sealed class ReportPace
{
    /// <summary>Between two questions to a destination with something to do.</summary>
    public static readonly TimeSpan Busy = TimeSpan.FromMilliseconds(200);

    /// <summary>The same of one with nothing to do, or taken out of service.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    /// <summary>Never sooner.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    /// <summary>Never later, while it may answer.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>To one that refuses: somebody has to change something first.</summary>
    public static readonly TimeSpan Refused = TimeSpan.FromSeconds(30);

    /// <summary>Most of a destination's time that answers take.</summary>
    public const double Share = 0.02;

    /// <summary>Periods after which a report is not gone by any more.</summary>
    public const int Periods = 3;

    private const double NewestCounts = 0.5;
    private const int MostDoublings = 5;

    private double _seconds;
    private int _failures;
    private bool _isRefused;

    /// <summary>An answer took this long. One that did not come is no measure of what answers cost; the doublings are for those.</summary>
    public void Learn(ReportOutcome outcome, TimeSpan took)
    {
        if (outcome is not (ReportOutcome.Silent or ReportOutcome.Unreachable))
        {
            _seconds = _seconds == 0 ? took.TotalSeconds : _seconds + (NewestCounts * (took.TotalSeconds - _seconds));
        }

        _isRefused = outcome.IsRefusal();
        _failures = outcome == ReportOutcome.Told ? 0 : Math.Min(_failures + 1, MostDoublings);
    }

    /// <summary>Forgets what the destination refused: it is another server now.</summary>
    public void Forget() => (_seconds, _failures, _isRefused) = (0, 0, false);

    /// <summary>Time to the next question.</summary>
    /// <param name="isBusy">Whether the destination has something to do.</param>
    /// <param name="destinations">Destinations of its cluster.</param>
    public TimeSpan Interval(bool isBusy, int destinations)
    {
        if (_isRefused)
        {
            return Refused;
        }

        var wanted = (isBusy ? Busy : Idle) * Math.Max(1, (double)destinations / ProbePace.Crowd) * (1 << _failures);
        var bounded = wanted < Shortest ? Shortest : wanted > Longest ? Longest : wanted;
        var affordable = TimeSpan.FromSeconds(_seconds / Share);
        return affordable < bounded ? bounded : affordable > Refused ? Refused : affordable;
    }

    /// <summary>How long a report is gone by when the next question comes after <paramref name="interval"/>.</summary>
    public static TimeSpan GoodFor(TimeSpan interval) => Periods * interval < ReportedLoad.LongestGood ? Periods * interval : ReportedLoad.LongestGood;
}
