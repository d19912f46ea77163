using Polly;
using Polly.CircuitBreaker;

namespace BlazeGateway.Policies.Resilience;

/// <summary>
/// The circuit of one destination: Polly's breaker, told of each attempt when it has ended, true for one that failed. It guards nothing itself, since a pick
/// reads the availability alone. Polly's callbacks are not used: they run on a thread of their own, so that an attempt would wait for them, and what they told
/// would be late. That it opens is told by the question for the break's length, which Polly asks at once and under its lock.
/// </summary>
internal sealed class DestinationCircuit
{
    private static readonly Func<ResilienceContext, bool, ValueTask<Outcome<bool>>> Ended = static (_, failed) => Outcome.FromResultAsValueTask(failed);

    private readonly CircuitBreakerStateProvider _state = new();
    private readonly CircuitBreakerManualControl _control = new();
    private readonly SteadyTime _time;
    private readonly ResiliencePipeline<bool> _pipeline;
    private DateTimeOffset _dueAt;
    private TimeSpan _break;
    private bool _opened;

    public DestinationCircuit(CircuitBreakerOptions options, TimeProvider time)
    {
        Options = options;
        _time = new SteadyTime(time);
        _pipeline = new ResiliencePipelineBuilder<bool> { TimeProvider = _time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<bool>
            {
                // Polly opens at the ratio, this above it.
                FailureRatio = Math.Min(1, Math.BitIncrement(options.FailureRatio)),
                MinimumThroughput = options.MinimumThroughput,
                SamplingDuration = options.SamplingDuration,
                ShouldHandle = static attempt => new ValueTask<bool>(attempt.Outcome.Result),
                BreakDurationGenerator = Open,
                StateProvider = _state,
                ManualControl = _control,
            })
            .Build();
    }

    /// <summary>What it was made by.</summary>
    public CircuitBreakerOptions Options { get; }

    /// <summary>Polly's state. Half-open is never seen: it begins and ends within the telling of one attempt.</summary>
    public CircuitState State => _state.CircuitState;

    /// <summary>Whether the break is over, so that the next attempt told decides.</summary>
    public bool IsDue => _time.GetUtcNow() >= _dueAt;

    /// <summary>An attempt was answered. Called on any thread; a circuit whose break is over closes.</summary>
    public void Answered() => Tell(failed: false);

    /// <summary>An attempt failed; true when the circuit opened by it. Called by one thread at a time, like all that follow.</summary>
    /// <param name="breakFor">How long it stays open if it opens.</param>
    public bool Failed(TimeSpan breakFor)
    {
        _break = breakFor;
        _opened = false;
        Tell(failed: true);
        return _opened;
    }

    /// <summary>Closes it and forgets the attempts counted.</summary>
    public void Close() => Finish(_control.CloseAsync());

    /// <summary>Isolates it: it stays so until it is closed.</summary>
    public void Isolate() => Finish(_control.IsolateAsync());

    private ValueTask<TimeSpan> Open(BreakDurationGeneratorArguments asked)
    {
        _opened = true;
        _dueAt = _time.GetUtcNow() + _break;
        return new ValueTask<TimeSpan>(_break);
    }

    private void Tell(bool failed)
    {
        var context = ResilienceContextPool.Shared.Get();
        var told = _pipeline.ExecuteOutcomeAsync(Ended, context, failed);
        if (!told.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("Polly did not take the outcome of an attempt at once.");
        }

        ResilienceContextPool.Shared.Return(context);
    }

    /// <summary>Without callbacks there is nothing that Polly would wait for.</summary>
    private static void Finish(Task done) => done.GetAwaiter().GetResult();
}
