using BlazeGateway.Policies.Health;

namespace BlazeGateway.Demo.Simulation.Servers;

/// <summary>A model server in virtual time: requests arrive, and it tells when their answers begin and end.</summary>
internal abstract class SimulatedServer
{
    private readonly ServerFaults _faults;
    private readonly Action<object?> _refused;
    private long _busySince = -1;
    private long _busy;
    private bool _isDown;

    protected SimulatedServer(VirtualTime time, double speed, ServerFaults? faults)
    {
        Time = time;
        Speed = speed;
        _faults = faults ?? new ServerFaults();
        _refused = request => Answers!.End((SimulatedRequest)request!, AttemptOutcome.ServerError);
        foreach (var change in _faults.Speeds)
        {
            At(change.At, () => Speed = change.Speed);
        }

        if (_faults.RestartAt is { } restart)
        {
            At(restart, Fall);
            At(restart + _faults.RestartSeconds, () => _isDown = false);
        }
    }

    /// <summary>Who is told.</summary>
    public required AnswerEvents Answers { get; init; }

    /// <summary>Seconds it had something to do so far.</summary>
    public double BusySeconds => VirtualTime.Seconds(_busy + (_busySince < 0 ? 0 : Time.Now - _busySince));

    /// <summary>Requests that wait.</summary>
    public abstract int Waiting { get; }

    /// <summary>Requests that are worked on.</summary>
    public abstract int Running { get; }

    /// <summary>Share of its cache that is held, 0 to 1.</summary>
    public abstract double CacheUse { get; }

    protected VirtualTime Time { get; }

    /// <summary>How quick it is, as a share of its ordinary rates.</summary>
    protected double Speed { get; private set; }

    /// <summary>A request arrives.</summary>
    public void Arrive(SimulatedRequest request)
    {
        if (_isDown)
        {
            Answers.End(request, AttemptOutcome.ConnectRefused);
        }
        else if (_faults.FailsAfter is { } after && IsWithin(_faults.FailsFrom, _faults.FailsUntil))
        {
            Time.At(Time.Now + VirtualTime.Of(after), _refused, request);
        }
        else
        {
            Take(request);
        }
    }

    /// <summary>The gateway gave it up.</summary>
    public abstract void Cancel(SimulatedRequest request);

    /// <summary>A request that can be worked on arrives.</summary>
    protected abstract void Take(SimulatedRequest request);

    /// <summary>It begins anew: what it had is lost, and returned.</summary>
    protected abstract IReadOnlyList<SimulatedRequest> Restart();

    /// <summary>Tells whether it has something to do.</summary>
    protected void Mark(bool isBusy)
    {
        if (isBusy == _busySince >= 0)
        {
            return;
        }

        _busy += isBusy ? 0 : Time.Now - _busySince;
        _busySince = isBusy ? Time.Now : -1;
    }

    /// <summary>When work that begins now and takes <paramref name="length"/> at ordinary rates ends.</summary>
    protected long EndOf(double length)
    {
        var (now, needed) = (Time.Now, (long)(length / Speed));
        if (_faults.StallFrom is not { } stall)
        {
            return now + needed;
        }

        var (from, until) = (VirtualTime.Second + VirtualTime.Of(stall), VirtualTime.Second + VirtualTime.Of(_faults.StallUntil));
        return now >= until || now + needed <= from ? now + needed : now + needed + until - Math.Max(now, from);
    }

    private void Fall()
    {
        _isDown = true;
        foreach (var request in Restart())
        {
            Answers.End(request, AttemptOutcome.BrokenOff);
        }

        Mark(isBusy: false);
    }

    private bool IsWithin(double from, double until) =>
        Time.Now - VirtualTime.Second is var since && since >= VirtualTime.Of(from) && (double.IsPositiveInfinity(until) || since < VirtualTime.Of(until));

    private void At(double seconds, Action happens) => Time.At(VirtualTime.Second + VirtualTime.Of(seconds), _ => happens());
}
