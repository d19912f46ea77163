namespace BlazeGateway.Policies.Admission;

/// <summary>
/// How many requests a second leave a queue to be served, of late: those of the last <see cref="Memory"/> count most. Only time in which somebody waits is counted, since
/// what leaves an empty queue says nothing of how much could. Changed under its queue's gate only.
/// </summary>
internal sealed class DrainRate(TimeProvider time)
{
    /// <summary>Time after which one that was served counts e times less.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);

    /// <summary>Longest time a client is told to stay away.</summary>
    public const int MostSeconds = 60;

    // What a second in which somebody waited weighs, but for rounding.
    private static readonly double Enough = 0.999 * Memory.TotalSeconds * (1 - Math.Exp(-1 / Memory.TotalSeconds));

    /// <summary>Groups that clients are told apart by: those of one group are taken for one client.</summary>
    private const int Groups = 64;

    private readonly double[] _away = new double[Groups];
    private double _sum;
    private double _weight;
    private long _at;
    private bool _isWaited;

    /// <summary>Somebody waits from now on, or nobody does any more.</summary>
    public void Waits(bool isWaited)
    {
        if (isWaited != _isWaited)
        {
            Fade();
            _isWaited = isWaited;
        }
    }

    /// <summary>One left to be served.</summary>
    public void Add()
    {
        Fade();
        _sum++;
    }

    /// <summary>Requests a second; 0 before somebody waited for a whole second, all in all: the first of a burst would make a rate of thousands.</summary>
    public double PerSecond()
    {
        Fade();
        return Rate;
    }

    /// <summary>
    /// Sends one away: the seconds until <paramref name="waiting"/> requests, those that were sent away before it and it itself could have been served, 1 to
    /// <see cref="MostSeconds"/>; 1 while the rate is not known. So they come again one after another and not all at once. Clients take turns, so of those
    /// sent away no more count of another client than of its own: whoever comes again and again puts off itself.
    /// </summary>
    public int SendAway(ulong client, int waiting)
    {
        Fade();
        if (_weight < Enough)
        {
            return 1;
        }

        // Where nobody was served the next one may be.
        var rate = Math.Max(_sum, 1) / _weight;

        ref var own = ref _away[client % Groups];
        own = Math.Min(own + 1, MostSeconds * rate);
        var before = 0.0;
        foreach (var away in _away)
        {
            before += Math.Min(away, own);
        }

        return (int)Math.Clamp(Math.Ceiling((waiting + before) / rate), 1, MostSeconds);
    }

    /// <summary>So many of those that were sent away could have been served: as many of each client.</summary>
    private void Return(double served)
    {
        var clients = 0;
        foreach (var away in _away)
        {
            clients += away > 0 ? 1 : 0;
        }

        for (var i = 0; clients > 0 && i < Groups; i++)
        {
            _away[i] = Math.Max(0, _away[i] - (served / clients));
        }
    }

    private double Rate => _weight < Enough ? 0 : _sum / _weight;

    private void Fade()
    {
        var now = time.GetTimestamp();
        var passed = time.GetElapsedTime(_at, now).TotalSeconds;
        _at = now;

        // Those that were sent away come back whether anybody waits or not.
        Return(passed * Rate);
        if (_isWaited)
        {
            var left = Math.Exp(-passed / Memory.TotalSeconds);
            _sum *= left;

            // Seconds that were looked at, faded as what happened in them.
            _weight = (_weight * left) + (Memory.TotalSeconds * (1 - left));
        }
    }
}
