namespace BlazeGateway.Policies.Admission;

/// <summary>
/// Finds how many requests one destination serves at once without making them wait, by Netflix's Gradient2: of every <see cref="Window"/> the median time to the
/// first chunk is compared with what it usually is; where it is more than <see cref="Tolerance"/> times as long, the limit falls by up to a tenth, else it rises by
/// a little. Four things differ, for destinations that serve few requests at once: the headroom is half the root of the limit and at most 4, so that limits of 1
/// can be found; the limit rises only when it was reached, so that it stays where nobody needs more; until it fell for the first time it
/// rises by a quarter, so that a large server is not kept small for minutes; and what is usual falls quickly and rises slowly, so that a
/// queue is not taken for usual before long.
/// </summary>
internal sealed class GradientLimit
{
    /// <summary>Limit before anything was learned, if there may be as many.</summary>
    public const int First = 20;

    /// <summary>Largest limit of a destination that nobody told one of.</summary>
    public const int MostUnknown = 1000;

    /// <summary>Times as long as usual a first chunk may take.</summary>
    public const double Tolerance = 1.5;

    /// <summary>Samples after which a window may end.</summary>
    public const int Least = 5;

    /// <summary>Samples kept of a window.</summary>
    public const int Room = 32;

    /// <summary>Shortest window.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private const double Smoothing = 0.2;
    private const double Quickly = 1.25;
    private const double Rise = 1.0 / 600;
    private const double Fall = 1.0 / 10;

    private readonly double[] _samples = new double[Room];
    private double _limit;
    private bool _hasFallen;
    private int _most;
    private double _usual;
    private int _count;
    private bool _wasReached;
    private TimeSpan _from;
    private int _isBusy;

    /// <param name="most">Largest limit.</param>
    public GradientLimit(int most) => (_most, _limit) = (most, Math.Min(First, most));

    /// <summary>Largest limit.</summary>
    public int Most
    {
        get => Volatile.Read(ref _most);
        set => Volatile.Write(ref _most, value);
    }

    /// <summary>The limit, 1 to the largest.</summary>
    public int Limit => Math.Clamp((int)Volatile.Read(ref _limit), 1, Most);

    /// <summary>Seconds a first chunk usually takes; 0 before the first window.</summary>
    public double Usual => Volatile.Read(ref _usual);

    /// <summary>
    /// A first chunk took <paramref name="seconds"/> while <paramref name="inFlight"/> requests were there. True when the limit may have changed. Of several that come at
    /// one moment one counts; nobody waits.
    /// </summary>
    /// <param name="now">Time, of any clock.</param>
    /// <param name="seconds">How long it took.</param>
    /// <param name="inFlight">Requests in flight on the destination, this one included.</param>
    public bool Add(TimeSpan now, double seconds, int inFlight)
    {
        if (Interlocked.Exchange(ref _isBusy, 1) != 0)
        {
            return false;
        }

        try
        {
            if (_count == 0)
            {
                _from = now;
            }

            _samples[_count % Room] = seconds;
            _count++;
            _wasReached |= inFlight >= Limit;
            if (_count < Least || now - _from < Window)
            {
                return false;
            }

            End();
            return true;
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    private double Next(double limit, double usual, double lately, bool wasReached)
    {
        var gradient = Math.Clamp(Tolerance * usual / lately, 0.5, 1);
        _hasFallen |= gradient < 1;
        var headroom = Math.Clamp(Math.Sqrt(limit) / 2, 0.5, 4);
        var next = ((1 - Smoothing) * limit) + (Smoothing * ((limit * gradient) + headroom));
        next = _hasFallen ? next : Math.Max(next, limit * Quickly);
        return Math.Clamp(next > limit && !wasReached ? limit : next, 1, Most);
    }

    private void End()
    {
        var samples = _samples.AsSpan(0, Math.Min(_count, Room));
        samples.Sort();
        var lately = Math.Max(1e-6, samples[samples.Length / 2]);
        var usual = _usual == 0 ? lately : _usual + ((lately > _usual ? Rise : Fall) * (lately - _usual));

        // Far above what it was lately: what was usual is over.
        usual *= usual > 2 * lately ? 0.95 : 1;
        Volatile.Write(ref _usual, usual);
        Volatile.Write(ref _limit, Next(_limit, usual, lately, _wasReached));
        (_count, _wasReached) = (0, false);
    }
}
