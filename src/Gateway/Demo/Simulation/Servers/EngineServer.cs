using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Policies.Health;
using Chance = BlazeGateway.Demo.ModelServer.Answers.Chance;

namespace BlazeGateway.Demo.Simulation.Servers;

/// <summary>The engine of <c>blaze model-server</c>, stepped in virtual time: both compute the same.</summary>
internal sealed class EngineServer : SimulatedServer
{
    private readonly EngineOptions _options;
    private readonly double _noise;
    private readonly ulong _seed;
    private readonly Action<object?> _stepEnded;
    private readonly List<SimulatedRequest> _open = [];
    private BatchEngine _engine;
    private ulong _steps;
    private long _stepEnd = -1;

    public EngineServer(VirtualTime time, ServerOptions options, ulong seed)
        : base(time, options.Speed, options.Faults)
    {
        _options = options.Engine ?? new EngineOptions();
        _noise = options.StepNoise;
        _seed = seed;
        _engine = new BatchEngine(_options);
        _stepEnded = _ => Complete();
    }

    /// <inheritdoc />
    public override int Waiting => _engine.Waiting;

    /// <inheritdoc />
    public override int Running => _engine.Running;

    /// <inheritdoc />
    public override double CacheUse => _engine.KvUsage;

    /// <inheritdoc />
    public override void Cancel(SimulatedRequest request)
    {
        request.Sequence?.Cancel();
        _open.Remove(request);
    }

    /// <inheritdoc />
    protected override void Take(SimulatedRequest request)
    {
        request.Sequence = new Sequence(Prompts.Of(request.Asked, _options.BlockTokens), request.Asked.AnswerTokens, signalEachToken: false);
        request.Sequence.Times.Arrived = Time.Now;
        _engine.Add(request.Sequence);
        _open.Add(request);
        if (_stepEnd < 0)
        {
            Plan();
        }
    }

    /// <inheritdoc />
    protected override IReadOnlyList<SimulatedRequest> Restart()
    {
        SimulatedRequest[] lost = [.. _open];
        _open.Clear();
        _engine = new BatchEngine(_options);
        _stepEnd = -1;
        return lost;
    }

    private void Plan()
    {
        if (!_engine.HasWork)
        {
            _stepEnd = -1;
            Mark(isBusy: false);
            return;
        }

        Mark(isBusy: true);
        var length = (double)_engine.Plan(Time.Now);
        _stepEnd = EndOf(_noise > 0 ? length * Noise() : length);
        Time.At(_stepEnd, _stepEnded);
    }

    private void Complete()
    {
        // A step of before a restart.
        if (_stepEnd != Time.Now)
        {
            return;
        }

        _engine.Complete(Time.Now);
        for (var i = 0; i < _open.Count; i++)
        {
            var request = _open[i];
            var sequence = request.Sequence!;

            // Those behind it came later and have not been admitted either.
            if (sequence.Times.Admitted == 0)
            {
                break;
            }

            if (request.FirstContent == 0 && sequence.Times.FirstToken != 0)
            {
                request.CachedTokens = sequence.CachedTokens;
                Answers.Begin(request);
            }

            if (sequence.IsOver)
            {
                _open.RemoveAt(i--);
                Answers.End(request, AttemptOutcome.Answered);
            }
        }

        Plan();
    }

    private double Noise()
    {
        var position = 2 * _steps++;
        var normal = Math.Sqrt(-2 * Math.Log(1 - Chance.Fraction(_seed, position))) * Math.Cos(2 * Math.PI * Chance.Fraction(_seed, position + 1));
        return Math.Exp((_noise * normal) - (_noise * _noise / 2));
    }
}
