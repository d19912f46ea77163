using BlazeGateway.Policies.Health;
using Chance = BlazeGateway.Demo.ModelServer.Answers.Chance;

namespace BlazeGateway.Demo.Simulation.Servers;

/// <summary>A server of scripted service times, for farms of thousands. An answer comes whole at its end.</summary>
internal sealed class ScriptedServer : SimulatedServer
{
    private readonly ScriptOptions _script;
    private readonly ulong _seed;
    private readonly Action<object?> _ended;
    private readonly Queue<SimulatedRequest> _waiting = new();
    private readonly HashSet<SimulatedRequest> _running = [];

    public ScriptedServer(VirtualTime time, ServerOptions options, ulong seed)
        : base(time, options.Speed, options.Faults)
    {
        _script = options.Script!;
        _seed = seed;
        _ended = request => Ended((SimulatedRequest)request!);
    }

    /// <inheritdoc />
    public override int Waiting => _waiting.Count;

    /// <inheritdoc />
    public override int Running => _running.Count;

    /// <inheritdoc />
    public override double CacheUse => 0;

    /// <inheritdoc />
    public override void Cancel(SimulatedRequest request) => Fill(_running.Remove(request));

    /// <inheritdoc />
    protected override void Take(SimulatedRequest request)
    {
        _waiting.Enqueue(request);
        Fill(_running.Count < _script.Places);
    }

    /// <inheritdoc />
    protected override IReadOnlyList<SimulatedRequest> Restart()
    {
        SimulatedRequest[] lost = [.. _running.OrderBy(request => request.Index), .. _waiting.Where(request => request.Ended == 0)];
        _running.Clear();
        _waiting.Clear();
        return lost;
    }

    private void Fill(bool hasPlace)
    {
        while (hasPlace && _waiting.TryDequeue(out var next))
        {
            // One that was given up while it waited has ended already.
            if (next.Ended == 0)
            {
                var end = EndOf(Length(next) * VirtualTime.Second);
                _running.Add(next);
                Time.At(end, _ended, next);
                hasPlace = _running.Count < _script.Places;
            }
        }

        Mark(_running.Count > 0);
    }

    private void Ended(SimulatedRequest request)
    {
        if (!_running.Remove(request))
        {
            return;
        }

        Answers.Begin(request);
        Answers.End(request, AttemptOutcome.Answered);
        Fill(hasPlace: true);
    }

    private double Length(SimulatedRequest request)
    {
        var (one, other) = (Chance.Fraction(_seed, 2 * (ulong)request.Index), Chance.Fraction(_seed, (2 * (ulong)request.Index) + 1));
        return _script.Seconds * _script.Times switch
        {
            ServiceTimes.Exponential => -Math.Log(1 - one),
            ServiceTimes.LogNormal => Math.Exp(_script.Spread * Math.Sqrt(-2 * Math.Log(1 - one)) * Math.Cos(2 * Math.PI * other)),
            _ => 1 + (_script.Spread * ((2 * one) - 1)),
        };
    }
}
