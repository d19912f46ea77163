using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.LoadBalancing.Decisions;

/// <summary>
/// A place for one decision. Its version is odd while one writer has it, and goes up with every change: a reader whose copy began and ended at the same even
/// version has a whole one (a sequence lock). Nobody waits: a writer that finds another at it goes on without.
/// </summary>
internal sealed class DecisionSlot
{
    private const int Looks = 64;

    private long _version;
    private Decision _decision;

    /// <summary>The decision, for whoever claimed the slot and has not published it.</summary>
    public ref Decision Decision => ref _decision;

    /// <summary>Whether the strategy has told what it compared.</summary>
    public bool IsWeighed => _decision.Kept > 0;

    /// <summary>Takes the slot for a new decision; false while another writer has it.</summary>
    public bool TryClaim(long number)
    {
        var version = Volatile.Read(ref _version);
        if ((version & 1) != 0 || Interlocked.CompareExchange(ref _version, version + 1, version) != version)
        {
            return false;
        }

        _decision.Number = number;
        _decision.Destination = null;
        (_decision.Way, _decision.Rule) = (DecisionWay.Strategy, DecisionRule.Whole);
        (_decision.Among, _decision.Kept, _decision.Blocks) = (0, 0, 0);
        _decision.Outcome = default;
        return true;
    }

    /// <summary>Lets readers see it.</summary>
    /// <returns>The version it has until it is settled or another decision takes its place.</returns>
    public long Publish()
    {
        var version = _version + 1;
        Volatile.Write(ref _version, version);
        return version;
    }

    /// <summary>Adds what came of the decision published as <paramref name="version"/>; false when another one has its place.</summary>
    public bool TrySettle(long version, in DecisionOutcome outcome)
    {
        if (Interlocked.CompareExchange(ref _version, version + 1, version) != version)
        {
            return false;
        }

        _decision.Outcome = outcome;
        Volatile.Write(ref _version, version + 2);
        return true;
    }

    /// <summary>A whole copy; false while somebody writes.</summary>
    public bool TryRead(out Decision copy)
    {
        for (var looks = 0; looks < Looks; looks++)
        {
            var version = Volatile.Read(ref _version);
            if ((version & 1) == 0)
            {
                copy = _decision;
                Interlocked.MemoryBarrier();
                if (Volatile.Read(ref _version) == version)
                {
                    return version > 0;
                }
            }
        }

        copy = default;
        return false;
    }

    /// <summary>A strategy begins to choose among so many.</summary>
    public void Begin(int among) => (_decision.Among, _decision.Kept) = (among, 0);

    /// <summary>A strategy weighed a candidate. Of more than fit those of least cost stay.</summary>
    /// <param name="load">The candidate.</param>
    /// <param name="ownTokens">Prompt tokens it would have to compute.</param>
    /// <param name="predicted">Seconds to the first chunk there; not a number when the strategy does not say.</param>
    /// <param name="cost">What going there costs, in whatever the strategy compares.</param>
    public void Weigh(DestinationLoad load, int ownTokens, double predicted, double cost)
    {
        var place = _decision.Kept;
        if (place < Decision.MostCandidates)
        {
            _decision.Kept++;
        }
        else if ((place = Dearest()) is var dearest && !(cost < _decision.Candidates[dearest].Cost))
        {
            return;
        }

        _decision.Candidates[place] = new(load.Id, load.InFlight, load.PrefillTokens, ownTokens, (float)predicted, (float)cost, Why(load));
    }

    /// <summary>The strategy picks by this part of its rule.</summary>
    public void Goes(DecisionRule rule) => _decision.Rule = rule;

    /// <summary>The strategy chose <paramref name="index"/>, none when −1. What it compared without telling is kept as it stands.</summary>
    public void Chose(ReadOnlySpan<DestinationLoad> loads, int index)
    {
        if (!IsWeighed)
        {
            Keep(loads);
        }

        if (index >= 0 && !Has(loads[index].Id))
        {
            _decision.Candidates[_decision.Kept - 1] = Plain(loads[index]);
        }
    }

    /// <summary>The strategy was not asked about <paramref name="load"/>; kept where there is room.</summary>
    public void PassOver(DestinationLoad load, PassedOver why)
    {
        if (Has(load.Id))
        {
            return;
        }

        _decision.Among++;
        if (_decision.Kept < Decision.MostCandidates)
        {
            _decision.Candidates[_decision.Kept++] = Plain(load) with { PassedOver = why };
        }
    }

    /// <summary>Keeps candidates that nobody weighed; of more than fit those with the fewest requests in flight.</summary>
    private void Keep(ReadOnlySpan<DestinationLoad> loads)
    {
        foreach (var load in loads)
        {
            var place = _decision.Kept;
            if (place < Decision.MostCandidates)
            {
                _decision.Kept++;
            }
            else if ((place = Busiest()) is var busiest && load.InFlight >= _decision.Candidates[busiest].InFlight)
            {
                continue;
            }

            _decision.Candidates[place] = Plain(load);
        }
    }

    private int Busiest()
    {
        var busiest = 0;
        for (var i = 1; i < Decision.MostCandidates; i++)
        {
            busiest = _decision.Candidates[i].InFlight > _decision.Candidates[busiest].InFlight ? i : busiest;
        }

        return busiest;
    }

    private static DecisionCandidate Plain(DestinationLoad load) =>
        new(load.Id, load.InFlight, load.PrefillTokens, -1, float.NaN, load.IsOpen ? float.NaN : float.PositiveInfinity, Why(load));

    private static PassedOver Why(DestinationLoad load) => load.IsCooling ? PassedOver.Cooling : PassedOver.No;

    private bool Has(string id)
    {
        for (var i = 0; i < _decision.Kept; i++)
        {
            if (ReferenceEquals(_decision.Candidates[i].Id, id))
            {
                return true;
            }
        }

        return false;
    }

    private int Dearest()
    {
        var dearest = 0;
        for (var i = 1; i < Decision.MostCandidates; i++)
        {
            dearest = _decision.Candidates[i].Cost > _decision.Candidates[dearest].Cost ? i : dearest;
        }

        return dearest;
    }
}

/// <summary>A published decision that waits for its outcome. Nothing when it was not recorded.</summary>
/// <param name="Slot">Where it is.</param>
/// <param name="Version">The version it was published as.</param>
internal readonly record struct PublishedDecision(DecisionSlot? Slot, long Version)
{
    /// <summary>Adds what came of it, if it is still there.</summary>
    public void Settle(in DecisionOutcome outcome) => Slot?.TrySettle(Version, outcome);
}
