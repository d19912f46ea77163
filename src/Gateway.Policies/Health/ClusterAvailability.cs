using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Prefix;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Health;

/// <summary>
/// The availability of one cluster's destinations: takes what happens to each, keeps the limits that hold for all of them together, and swaps
/// the cluster's candidates when they change. Attempts that fail, that try a destination, or that one answers of which anything is in doubt come here and take
/// its lock; attempts answered by any other destination do not.
/// </summary>
internal sealed partial class ClusterAvailability(ClusterState cluster, AvailabilityRegistry registry)
{
    private readonly Lock _gate = new();
    private readonly List<AvailabilityChange> _changes = [];
    private DestinationAvailability[] _members = [];
    private AvailabilityRules _rules = new();
    private ClusterShape _shape = new(new ClusterExtensions(), new ClusterMemory(registry.Chance), []);
    private bool _isKnown;
    private bool _isStale;

    /// <summary>The cluster.</summary>
    public ClusterState Cluster => cluster;

    /// <summary>What outlives a configuration.</summary>
    public ClusterMemory Memory => Volatile.Read(ref _shape).Memory;

    /// <summary>Its destinations; none once it left the configuration.</summary>
    public IReadOnlyList<DestinationAvailability> Members => Volatile.Read(ref _members);

    /// <summary>Time since the gateway's start.</summary>
    public TimeSpan Now => registry.Now;

    /// <summary>The clock that what is learned of destinations is stamped by.</summary>
    public TimeSpan Clock => registry.Clock;

    /// <summary>The numbers it goes by.</summary>
    public AvailabilityRules Rules => Volatile.Read(ref _rules);

    /// <summary>Takes over the destinations and rules the configuration has now.</summary>
    public void Reconcile()
    {
        lock (_gate)
        {
            var extensions = ExtensionsCarrier.Read(cluster.Model.Config);
            _rules = AvailabilityRules.Of(extensions);
            var all = cluster.Destinations.Values.ToArray();
            foreach (var gone in _members.Where(member => !all.Contains(member.Destination)))
            {
                registry.Forget(gone);
            }

            _members = [.. all.Select(Member)];
            Array.ForEach(_members, member => Bound(member, extensions, _shape.Memory.Room));
            Array.ForEach(_members, member => GiveCircuit(member, extensions));
            Array.ForEach(_members, member => member.Load.Prefix.Room = PrefixMemory.RoomOf(_members.Length));
            _shape = new ClusterShape(extensions, _shape.Memory, Array.ConvertAll(_members, member => member.Load));
            _isKnown = true;
            _isStale = true;
            ReadYarp();
            Settle();
        }

        Tell();
    }

    /// <summary>YARP's own health checks may have changed their mind.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            ReadYarp();
            Settle();
        }

        Tell();
    }

    /// <summary>Lets go of everything; the cluster left the configuration.</summary>
    public void Retire()
    {
        lock (_gate)
        {
            foreach (var member in _members)
            {
                registry.Forget(member);
            }

            _members = [];
        }
    }

    /// <summary>Something happened to <paramref name="member"/>.</summary>
    public void Take(DestinationAvailability member, in AvailabilityEvent happened)
    {
        lock (_gate)
        {
            if (!_members.Contains(member))
            {
                return;
            }

            Apply(member, happened);
            Settle();
        }

        Tell();
    }

    /// <summary>An attempt on <paramref name="member"/> ended that may change something.</summary>
    public void Ended(DestinationAvailability member, AvailabilityWord picked, AttemptOutcome outcome)
    {
        lock (_gate)
        {
            if (picked.Epoch != member.Word.Epoch || !_members.Contains(member))
            {
                return;
            }

            var isTrial = picked.IsTrialTaken && member.Word.State == AvailabilityState.HalfOpen;
            if (outcome == AttemptOutcome.Nothing)
            {
                if (isTrial)
                {
                    member.ReleaseTrial(picked);
                }

                return;
            }

            var isConclusive = outcome == AttemptOutcome.ConnectRefused;
            var opened = isTrial || member.Facts.State is AvailabilityState.Up or AvailabilityState.Suspect ? Pass(member, outcome) : null;
            var input = (isTrial, outcome == AttemptOutcome.Answered) switch
            {
                (true, true) => AvailabilityInput.TrialSucceeded,
                (true, false) => AvailabilityInput.TrialFailed,
                (false, true) => AvailabilityInput.AttemptSucceeded,
                (false, false) => opened is null || isConclusive ? AvailabilityInput.AttemptFailed : AvailabilityInput.CircuitOpened,
            };
            Apply(member, new AvailabilityEvent(input, outcome.Reason()) { IsConclusive = isConclusive }, opened);
            Settle();
        }

        Tell();
    }

    /// <summary>The weight of a destination whose easing in began at <paramref name="from"/>.</summary>
    public double SlowStartWeight(TimeSpan from) => SlowStart.Weight(registry.Now - from, Volatile.Read(ref _rules).SlowStart);

    /// <summary>What is known of every destination.</summary>
    public IReadOnlyList<(DestinationAvailability Member, AvailabilityFacts Facts)> Read()
    {
        lock (_gate)
        {
            return [.. _members.Select(member => (member, member.Facts))];
        }
    }

    private DestinationAvailability Member(DestinationState destination)
    {
        var address = destination.Model.Config.Address;
        if (Array.Find(_members, member => ReferenceEquals(member.Destination, destination)) is { } known)
        {
            var isReplaced = known.Address != address;
            known.Address = address;
            if (isReplaced)
            {
                known.Load.Forget();
                Apply(known, new AvailabilityEvent(AvailabilityInput.Replaced));
            }

            return known;
        }

        var member = registry.Create(this, destination);
        member.Address = address;
        var now = registry.Now;
        var facts = new AvailabilityFacts { Since = now, ReturnedAt = now };

        // At the gateway's start all destinations are new, and easing all of them in would only make them slow.
        member.Publish(_isKnown && _rules.SlowStart > TimeSpan.Zero ? facts with { Reason = AvailabilityReason.Joined, SlowStartFrom = now } : facts);
        member.Metrics.Began(member.Facts.State);
        Arm(member);
        return member;
    }

    private static void Bound(DestinationAvailability member, ClusterExtensions extensions, RoomSignal room)
    {
        var id = member.Destination.DestinationId;
        member.Load.Weight = extensions.Weights.GetValueOrDefault(id, 1);
        member.Load.MaxInFlight = Most(extensions.Capacity) ?? int.MaxValue;
        member.Load.MaxTokens = Most(extensions.TokenCapacity) ?? long.MaxValue;
        member.Load.IsAdaptive = extensions.Admission.Adaptive;
        member.Load.Room = room;

        int? Most(Dictionary<string, int> capacity) => capacity.TryGetValue(id, out var most) || capacity.TryGetValue("*", out most) ? most : null;
    }

    private void ReadYarp()
    {
        var checks = cluster.Model.Config.HealthCheck;
        foreach (var member in _members)
        {
            var verdict = Verdict(checks, member.Destination.Health);
            if (verdict != member.Facts.Yarp)
            {
                Apply(member, new AvailabilityEvent(verdict switch
                {
                    YarpVerdict.Dead => AvailabilityInput.DeclaredDead,
                    YarpVerdict.Failing => AvailabilityInput.DeclaredFailing,
                    _ => AvailabilityInput.DeclaredFine,
                }));
            }
        }
    }

    private static YarpVerdict Verdict(HealthCheckConfig? checks, DestinationHealthState health)
    {
        if (checks?.Active?.Enabled == true && health.Active == DestinationHealth.Unhealthy)
        {
            return YarpVerdict.Dead;
        }

        return checks?.Passive?.Enabled == true && health.Passive == DestinationHealth.Unhealthy ? YarpVerdict.Failing : YarpVerdict.None;
    }

    private void Apply(DestinationAvailability member, in AvailabilityEvent happened, TimeSpan? breakFor = null)
    {
        var before = member.Facts;
        var at = new AvailabilityCircumstances(registry.Now, _rules, MayEject(before.State), registry.Chance.Next()) { Break = breakFor };
        var after = AvailabilityMachine.Next(before, happened, at);
        Agree(member.Circuit, member, after);
        if (after == before && happened.Input != AvailabilityInput.Elapsed)
        {
            return;
        }

        if (after != before)
        {
            member.Publish(after);
            if (after.IsDead && !before.IsDead)
            {
                // Whoever comes back there has an empty cache.
                member.Load.Prefix.Restarted();
            }

            _isStale |= after.IsAvailable != before.IsAvailable || after.SlowStartFrom != before.SlowStartFrom || after.IsDead != before.IsDead || after.IsIsolated != before.IsIsolated
                || (after.State != before.State && !(after.IsAvailable && before.IsAvailable));
            if (after.State != before.State)
            {
                member.Metrics.Changed(before.State, after.State, after.Reason);
                Log.Write(registry.Logger, this, member, before, after, at.Now);
                var wantsProbe = !after.Reason.IsOfProbe() && after.State is AvailabilityState.Suspect or AvailabilityState.Ejected or AvailabilityState.Loading;
                _changes.Add(new AvailabilityChange(member.Destination, before.IsAvailable, after.IsAvailable, wantsProbe));
            }
            else if (after.IsIsolated != before.IsIsolated)
            {
                Log.Write(registry.Logger, this, member, before, after, at.Now);
            }
        }

        Arm(member);
    }

    private void Arm(DestinationAvailability member)
    {
        var facts = member.Facts;
        var due = facts switch
        {
            { IsEjected: true, IsDead: false, Yarp: YarpVerdict.None } => facts.EjectedUntil - registry.Now,
            { SlowStartFrom: { } from } => _rules.SlowStart - (registry.Now - from),
            _ => (TimeSpan?)null,
        };

        // A timer may fire a little early; then there is this much left.
        member.Arm(due);
    }

    private bool MayEject(AvailabilityState from)
    {
        var taken = 1;
        foreach (var member in _members)
        {
            // One that is half-open may be ejected again at any time, and keeps its place until it is back.
            taken += member.Facts.IsEjected || (member.Facts.State == AvailabilityState.HalfOpen && from != AvailabilityState.HalfOpen) ? 1 : 0;
        }

        return taken <= EjectionLimit.Most(Pool());
    }

    private int Pool() => _members.Count(member => member.Facts.State != AvailabilityState.Draining);

    private void Settle()
    {
        while (_members.Count(member => member.Facts.IsEjected) > EjectionLimit.Most(Pool()))
        {
            var first = _members.Where(member => member.Facts.IsEjected).OrderBy(member => member.Facts.IsDead).ThenBy(member => member.Facts.EjectedUntil).First();
            Apply(first, new AvailabilityEvent(AvailabilityInput.Released));
        }

        if (_isStale)
        {
            Swap();
            _isStale = false;
        }
    }

    private void Swap()
    {
        var isPanic = EjectionLimit.IsPanic(Pool(), _members.Count(member => !member.Facts.IsAvailable && member.Facts.State != AvailabilityState.Draining));
        var candidates = Array.FindAll(
            _members,
            member => member.Facts.IsAvailable
                || (isPanic && member.Facts is { State: AvailabilityState.Ejected or AvailabilityState.HalfOpen, IsDead: false })
                || (!registry.MakesTrials && member.Facts is { State: AvailabilityState.HalfOpen, IsDead: false }));
        var narrowed = registry.Narrow(cluster.Model.Config, Array.ConvertAll(candidates, member => member.Destination));
        candidates = narrowed.Length == candidates.Length ? candidates : Array.FindAll(candidates, member => narrowed.Contains(member.Destination));
        if (candidates.Length == 0 && cluster.Model.Config.HealthCheck?.AvailableDestinationsPolicy is { } policy && IsYarpPanic(policy))
        {
            candidates = Array.FindAll(_members, member => member.Facts.State != AvailabilityState.Draining);
        }

        foreach (var member in _members)
        {
            member.Metrics.Judged(isDead: member.Facts.IsDead, isEjected: member.Facts.IsEjected, isCandidate: Array.IndexOf(candidates, member) >= 0);
        }

        var all = Array.ConvertAll(_members, member => member.Destination);
        var set = new CandidateSet(
            new ClusterLoads(_shape, Array.ConvertAll(candidates, member => Array.IndexOf(_members, member))),
            Array.ConvertAll(candidates, member => member.Destination),
            [.. candidates.Where(member => !member.Word.IsSlow).Select(member => member.Destination)],
            Array.FindAll(candidates, member => member.Word.IsSlow),
            Array.FindAll(_members, member => member.Facts is { State: AvailabilityState.HalfOpen, IsDead: false }))
        {
            IsCircuitOpen = candidates.Length == 0 && _members.Length > 0 && Array.TrueForAll(_members, CircuitAgreement.KeepsOut),
        };
        cluster.DestinationsState = new ClusterDestinationsState(all, set);
        Memory.Room.Freed();
    }

    private static bool IsYarpPanic(string policy) =>
        string.Equals(policy, HealthCheckConstants.AvailableDestinations.HealthyOrPanic, StringComparison.OrdinalIgnoreCase);

    private void Tell()
    {
        AvailabilityChange[] changes;
        lock (_gate)
        {
            if (_changes.Count == 0)
            {
                return;
            }

            changes = [.. _changes];
            _changes.Clear();
        }

        foreach (var change in changes)
        {
            registry.Raise(change);
        }
    }
}
