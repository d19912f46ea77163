using BlazeGateway.Policies.Destinations;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Health;

/// <summary>Whether one destination may be sent requests. Its word is read by any thread without a lock; the facts behind it are its cluster's to change.</summary>
internal sealed class DestinationAvailability : IDisposable
{
    /// <summary>How long a trial may take before another request may try as well: whoever draws its upload out keeps no destination out of service.</summary>
    public static readonly TimeSpan TrialLease = TimeSpan.FromSeconds(10);

    private readonly ClusterAvailability _cluster;
    private readonly ITimer _timer;
    private readonly TimeProvider _time;
    private readonly Lock _cooling = new();
    private ITimer? _cooled;
    private long _coolUntil;
    private bool _isGone;
    private bool _isDead;
    private int _word;
    private long _slowStartFrom;
    private long _trialFrom;

    public DestinationAvailability(ClusterAvailability cluster, DestinationState destination, DestinationLoad load, DestinationHealthMetrics metrics, TimeProvider time)
    {
        _cluster = cluster;
        _time = time;
        Destination = destination;
        Load = load;
        Metrics = metrics;
        _timer = time.CreateTimer(static state => ((DestinationAvailability)state!).Elapsed(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The destination.</summary>
    public DestinationState Destination { get; }

    /// <summary>What it has to do, for strategies.</summary>
    public DestinationLoad Load { get; }

    /// <summary>Its series.</summary>
    public DestinationHealthMetrics Metrics { get; }

    /// <summary>Its address when it was last looked at.</summary>
    public string Address { get; set; } = "";

    /// <summary>What is known of it. Read and changed under the cluster's gate only.</summary>
    public AvailabilityFacts Facts { get; private set; }

    /// <summary>What a pick has to know.</summary>
    public AvailabilityWord Word => new(Volatile.Read(ref _word));

    /// <summary>The part of its ordinary weight it has now, from 0.1 to 1; strategies that know weights multiply by it.</summary>
    public double Weight => Word.IsSlow ? _cluster.SlowStartWeight(new TimeSpan(Volatile.Read(ref _slowStartFrom))) : 1;

    /// <summary>
    /// Whether it is out because it cannot be reached or produces nothing, so that whoever waits for it waits in vain. One that is ejected for what it
    /// answered may still answer those that wait.
    /// </summary>
    public bool IsGone => Volatile.Read(ref _isGone);

    /// <summary>Whether probes hold it to be dead.</summary>
    public bool IsDead => Volatile.Read(ref _isDead);

    /// <summary>How long it is still to be left alone; zero when it is not.</summary>
    public TimeSpan CoolingLeft => Load.IsCooling ? TimeSpan.FromTicks(Math.Max(1, Volatile.Read(ref _coolUntil) - _cluster.Now.Ticks)) : TimeSpan.Zero;

    /// <summary>Whether <see cref="TryTakeTrial"/> may succeed now.</summary>
    public bool IsTrialDue =>
        Word is { State: AvailabilityState.HalfOpen } word && (!word.IsTrialTaken || _cluster.Now.Ticks - Volatile.Read(ref _trialFrom) >= TrialLease.Ticks);

    /// <summary>Takes the one request a half-open destination may be sent. Whoever gets true sends it and tells by <see cref="Ended"/> how it went.</summary>
    public bool TryTakeTrial(out AvailabilityWord taken)
    {
        var word = Word;
        taken = word;
        if (word.State != AvailabilityState.HalfOpen)
        {
            return false;
        }

        var now = _cluster.Now.Ticks;
        if (word.IsTrialTaken && now - Volatile.Read(ref _trialFrom) < TrialLease.Ticks)
        {
            return false;
        }

        taken = word.IsTrialTaken ? word.WithNextTrial() : word.WithTrial(true);

        // Before the word says so: who reads it then must not take the time of an earlier trial for this one's.
        Volatile.Write(ref _trialFrom, now);
        return Interlocked.CompareExchange(ref _word, taken.Bits, word.Bits) == word.Bits;
    }

    /// <summary>The headers of the answer to a trial are here.</summary>
    /// <param name="picked">The word it was picked by.</param>
    /// <param name="status">Status code of the answer.</param>
    public void TrialAnswered(AvailabilityWord picked, int status)
    {
        if (AttemptOutcomes.OfStatus(status) == AttemptOutcome.Answered)
        {
            Ended(picked, AttemptOutcome.Answered);
        }
    }

    /// <summary>An attempt ended. Costs two reads when all is well.</summary>
    /// <param name="picked">The word the destination was picked by.</param>
    /// <param name="outcome">What the attempt says of the destination.</param>
    public void Ended(AvailabilityWord picked, AttemptOutcome outcome)
    {
        var word = Word;
        if (picked.Epoch == word.Epoch && (picked.IsTrialTaken || (outcome != AttemptOutcome.Nothing && !(outcome == AttemptOutcome.Answered && word.IsCalm))))
        {
            _cluster.Ended(this, picked, outcome);
        }
    }

    /// <summary>It limits its rate and is sent nothing for <paramref name="length"/>, or for longer if it said so before. Its health is another matter.</summary>
    public void Cool(TimeSpan length)
    {
        lock (_cooling)
        {
            var until = (_cluster.Now + length).Ticks;
            if (until <= _coolUntil)
            {
                return;
            }

            Volatile.Write(ref _coolUntil, until);
            Load.IsCooling = true;
            _cooled ??= _time.CreateTimer(static state => ((DestinationAvailability)state!).Cooled(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _cooled.Change(Ceiling(length), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Something else than an attempt happened to it.</summary>
    public void Take(in AvailabilityEvent happened) => _cluster.Take(this, happened);

    /// <summary>Makes <paramref name="facts"/> known. A trial under way stays so while the destination stays half-open.</summary>
    public void Publish(in AvailabilityFacts facts)
    {
        Facts = facts;
        Volatile.Write(ref _isDead, facts.IsDead);
        Volatile.Write(ref _isGone, facts.IsDead || facts.State == AvailabilityState.Wedged || (facts.IsEjected && facts.Reason.IsOfConnection()));
        Load.Ease = facts.SlowStartFrom is null ? 1 : SlowStart.Floor;
        Volatile.Write(ref _slowStartFrom, facts.SlowStartFrom?.Ticks ?? 0);
        var next = AvailabilityWord.Of(facts);
        while (true)
        {
            var seen = Word;
            var isSame = seen.State == AvailabilityState.HalfOpen && next.State == AvailabilityState.HalfOpen && seen.Epoch == next.Epoch;
            if (Interlocked.CompareExchange(ref _word, (isSame ? next.WithTrialOf(seen) : next).Bits, seen.Bits) == seen.Bits)
            {
                return;
            }
        }
    }

    /// <summary>The trial of <paramref name="picked"/> told nothing; the next request may try.</summary>
    public void ReleaseTrial(AvailabilityWord picked)
    {
        // Other parts of the word may have changed meanwhile, such as the end of slow start.
        for (var seen = Word; seen.IsTrialOf(picked); seen = Word)
        {
            if (Interlocked.CompareExchange(ref _word, seen.WithTrial(false).Bits, seen.Bits) == seen.Bits)
            {
                return;
            }
        }
    }

    /// <summary>Looks again in <paramref name="due"/>, or not at all.</summary>
    public void Arm(TimeSpan? due) => _timer.Change(due ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <inheritdoc />
    public void Dispose()
    {
        _timer.Dispose();
        lock (_cooling)
        {
            _cooled?.Dispose();
        }
    }

    private static TimeSpan Ceiling(TimeSpan span) => TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(span.TotalMilliseconds)));

    private void Cooled()
    {
        lock (_cooling)
        {
            // A timer may fire a little early.
            var left = TimeSpan.FromTicks(_coolUntil) - _cluster.Now;
            if (left > TimeSpan.Zero)
            {
                _cooled!.Change(Ceiling(left), Timeout.InfiniteTimeSpan);
                return;
            }

            Load.IsCooling = false;
        }
    }

    private void Elapsed() => Take(new AvailabilityEvent(AvailabilityInput.Elapsed));
}
