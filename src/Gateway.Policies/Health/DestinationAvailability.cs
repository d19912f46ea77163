using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Resilience;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Health;

/// <summary>Whether one destination may be sent requests. Its word is read by any thread without a lock; the facts behind it are its cluster's to change.</summary>
internal sealed class DestinationAvailability : IDisposable
{
    /// <summary>How long a trial may take before another request may try as well: whoever draws its upload out keeps no destination out of service.</summary>
    public static readonly TimeSpan TrialLease = TimeSpan.FromSeconds(10);

    // Far below the 49.7 days above which a timer throws.
    private static readonly TimeSpan LongestLook = TimeSpan.FromDays(1);

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
    private long _servingFrom;
    private bool _wantsChunk;

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

    /// <summary>Counts its attempts; null when its cluster has no circuits. Set under the cluster's gate.</summary>
    public DestinationCircuit? Circuit { get; set; }

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

    /// <summary>Whether another destination of its cluster may be sent requests, now or after a wait. Whoever waits for the last one does best to wait on.</summary>
    public bool HasOthers
    {
        get
        {
            if (_cluster.Cluster.DestinationsState.AvailableDestinations is CandidateSet set)
            {
                foreach (var load in set.Loads.Candidates)
                {
                    if (load != Load && set.Loads.MayTake(load))
                    {
                        return true;
                    }
                }
            }

            return false;
        }
    }

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

    /// <summary>Whether a trial is settled by the first chunk of the answer, or its end, and not by its headers: its streams stood still, and headers came all the same.</summary>
    public bool WantsChunk => Volatile.Read(ref _wantsChunk);

    /// <summary>When it last came out of service, or partly back, by the clock that loads are stamped by: what waits for longer says nothing of it now.</summary>
    public TimeSpan ServingFrom => new(Volatile.Read(ref _servingFrom));

    /// <summary>When silence last had it probed. The sweep's own.</summary>
    public TimeSpan SilenceProbedAt { get; set; }

    /// <summary>Before when its streams are not counted again. The sweep's own.</summary>
    public TimeSpan CountDueAt { get; set; }

    /// <summary>When a probe last failed. The watch's own.</summary>
    public TimeSpan ProbeFailedAt { get; set; }

    /// <summary>The numbers it is judged by.</summary>
    public AvailabilityRules Rules => _cluster.Rules;

    /// <summary>The first chunk of the answer to a trial is here.</summary>
    /// <param name="picked">The word it was picked by.</param>
    /// <param name="status">Status code of the answer.</param>
    public void TrialBegun(AvailabilityWord picked, int status)
    {
        if (WantsChunk && AttemptOutcomes.OfStatus(status) == AttemptOutcome.Answered)
        {
            Ended(picked, AttemptOutcome.Answered);
        }
    }

    /// <summary>The headers of the answer to a trial are here.</summary>
    /// <param name="picked">The word it was picked by.</param>
    /// <param name="status">Status code of the answer.</param>
    public void TrialAnswered(AvailabilityWord picked, int status)
    {
        if (!WantsChunk && AttemptOutcomes.OfStatus(status) == AttemptOutcome.Answered)
        {
            Ended(picked, AttemptOutcome.Answered);
        }
    }

    /// <summary>An attempt ended. When all is well the circuit counts it, and nothing else happens.</summary>
    /// <param name="picked">The word the destination was picked by.</param>
    /// <param name="outcome">What the attempt says of the destination.</param>
    public void Ended(AvailabilityWord picked, AttemptOutcome outcome)
    {
        var word = Word;
        if (picked.Epoch != word.Epoch)
        {
            return;
        }

        if (outcome == AttemptOutcome.Answered && word.IsCalm && !picked.IsTrialTaken)
        {
            Circuit?.Answered();
        }
        else if (outcome != AttemptOutcome.Nothing || picked.IsTrialTaken)
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
        if (facts.Epoch != Facts.Epoch)
        {
            Volatile.Write(ref _servingFrom, _cluster.Clock.Ticks);
        }

        Facts = facts;
        Volatile.Write(ref _isDead, facts.IsDead);
        Volatile.Write(ref _isGone, facts.IsDead || facts.State == AvailabilityState.Wedged || (facts.IsEjected && facts.Reason.IsOfConnection()));
        Volatile.Write(ref _wantsChunk, facts.WasWedged);
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

    /// <summary>Looks again in <paramref name="due"/>, or earlier when that is far away, or not at all. Whoever looks too early arms it once more.</summary>
    public void Arm(TimeSpan? due) =>
        _timer.Change(due is { } time ? Ceiling(time < LongestLook ? time : LongestLook) : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

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
