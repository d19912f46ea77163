using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Step Attempt, first half: which destination. The candidates are the cluster's as its availability left them; the strategy picks among them. Only while a
/// destination is half-open or eased in is there anything else to do.
/// </summary>
internal sealed class DestinationPick(ModelRouting routing, AvailabilityRegistry availability)
{
    /// <summary>The destination, or null when there is none. Sets <see cref="RequestContext.Trial"/> when the request is to try a half-open one.</summary>
    public DestinationState? Pick(RequestContext context, ClusterState cluster, IReverseProxyFeature feature, ILoadBalancingPolicy policy)
    {
        var available = cluster.DestinationsState.AvailableDestinations;
        if (Sticky(cluster, feature) is { } sticky && Untried(context, routing.Candidates(context, cluster, sticky), policy) is { Count: > 0 } bound)
        {
            // Of affinity's own, weights are no matter: who is being drained by weight keeps the clients it has.
            var stuck = bound.Count == 1 && policy is Strategy ? WithRoom(bound[0]) : Pick(context, cluster, bound, policy);
            if (stuck is not null)
            {
                context.Decide(DecisionWay.Affinity);
                return stuck;
            }
        }

        var candidates = Untried(context, routing.Candidates(context, cluster, available), policy);
        if (available is not CandidateSet { IsCalm: false } set)
        {
            return candidates.Count == 0 ? null : Pick(context, cluster, candidates, policy);
        }

        // What failed once goes to one that is well, if there is one.
        var isAgain = context.History.Tried.Count > 0;
        if (!isAgain && Trial(context, set) is { } tried)
        {
            return tried;
        }

        var picked = candidates.Count == 0 ? null : Pick(context, cluster, candidates, policy);
        if (picked is null && isAgain)
        {
            return Trial(context, set);
        }

        return picked is null || set.Slow.IsEmpty || policy is Strategy || Stands(picked, set, ReferenceEquals(candidates, set))
            ? picked
            : policy.PickDestination(context.Http, cluster, Settled(set, candidates)) ?? picked;
    }

    /// <summary>Whether nothing was picked because all that might have been are full.</summary>
    public bool IsFull(RequestContext context, ClusterState cluster, ClusterPlan plan) => plan.HasBounds && !Look(context, cluster, 0).IsVain;

    /// <summary>What a request that found all full may hope for now, where <paramref name="reserve"/> of the places is kept for others.</summary>
    public Outlook OutlookOf(RequestContext context, double reserve) => context.ClusterState is { } cluster ? Look(context, cluster, reserve) : Outlook.Vain;

    private Outlook Look(RequestContext context, ClusterState cluster, double reserve)
    {
        var available = cluster.DestinationsState.AvailableDestinations;
        var candidates = routing.Candidates(context, cluster, available);
        var set = available as CandidateSet;
        var (places, open, most, isWorthIt) = (0L, 0L, 0L, false);

        // YARP's own policies know no room on destinations: what is full for others is not for them.
        var isBounded = context.Cluster is not { HasBounds: false };
        void Add(DestinationLoad load)
        {
            if (load is { Weight: > 0, IsCooling: false })
            {
                isWorthIt = true;
                places += isBounded ? load.Free : int.MaxValue;
                open += isBounded ? load.Open : int.MaxValue;
                most += isBounded ? load.Places : int.MaxValue;
            }
        }

        if (set is not null && ReferenceEquals(candidates, set) && context.History.Tried.Count == 0)
        {
            // The set has them at hand; the registry has to look each up.
            foreach (var load in set.Loads.Candidates)
            {
                Add(load);
            }
        }
        else
        {
            for (var i = 0; i < candidates.Count; i++)
            {
                if (!context.History.Tried.Contains(candidates[i]))
                {
                    Add(availability.Of(candidates[i]).Load);
                }
            }
        }

        // Where tokens are bounded too, it is known of no more than one of the open places that it is free.
        var kept = places - Math.Min(places, Math.Max(0, open - Reserve.Of(most, reserve)));

        // A destination that may be tried takes one.
        if (set is { IsCalm: false } && CanBeTried(context, set, routing))
        {
            places++;
        }

        return places > 0 || isWorthIt ? new Outlook((int)Math.Min(places, int.MaxValue)) { Kept = (int)Math.Min(kept, int.MaxValue) } : Outlook.Vain;
    }

    /// <summary>Those of <paramref name="candidates"/> that the request was not sent to yet.</summary>
    private IReadOnlyList<DestinationState> Untried(RequestContext context, IReadOnlyList<DestinationState> candidates, ILoadBalancingPolicy policy)
    {
        var (tried, untried) = (context.History.Tried, context.History.Untried);

        // Strategies of our own see by themselves who has no room.
        if (tried.Count == 0 && (policy is Strategy || !IsAnyCooling(candidates)))
        {
            return candidates;
        }

        untried.Clear();
        for (var i = 0; i < candidates.Count; i++)
        {
            if (!tried.Contains(candidates[i]) && !availability.Of(candidates[i]).Load.IsCooling)
            {
                untried.Add(candidates[i]);
            }
        }

        return untried;
    }

    /// <summary>Tells the decision at hand whom its strategy was not asked about.</summary>
    public void TellLeftOut(RequestContext context, ClusterState cluster, DecisionSlot slot, ILoadBalancingPolicy policy)
    {
        var tried = context.History.Tried;
        if (tried.Count == 0 && policy is Strategy)
        {
            return;
        }

        var candidates = routing.Candidates(context, cluster, cluster.DestinationsState.AvailableDestinations);
        for (var i = 0; i < candidates.Count; i++)
        {
            var load = availability.Of(candidates[i]).Load;
            if (load.IsCooling || tried.Contains(candidates[i]))
            {
                slot.PassOver(load, load.IsCooling ? PassedOver.Cooling : PassedOver.Tried);
            }
        }
    }

    private bool IsAnyCooling(IReadOnlyList<DestinationState> candidates)
    {
        if (candidates is CandidateSet set)
        {
            foreach (var load in set.Loads.Candidates)
            {
                if (load.IsCooling)
                {
                    return true;
                }
            }

            return false;
        }

        for (var i = 0; i < candidates.Count; i++)
        {
            if (availability.Of(candidates[i]).Load.IsCooling)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Why nothing was picked where nothing is full.</summary>
    public static GatewayError NothingIn(ClusterState cluster) =>
        cluster.DestinationsState.AvailableDestinations is CandidateSet { IsCircuitOpen: true } ? GatewayError.CircuitOpen : GatewayError.NoHealthyBackend;

    private DestinationState? WithRoom(DestinationState destination) =>
        availability.Of(destination).Load.HasRoom ? destination : null;

    /// <summary>Our own strategies know more of the request than YARP's policies, and know weights; the place is reserved by the attempt, before anything is awaited.</summary>
    private static DestinationState? Pick(RequestContext context, ClusterState cluster, IReadOnlyList<DestinationState> candidates, ILoadBalancingPolicy policy) => policy switch
    {
        Strategy strategy when context.IsInference => strategy.Pick(new PickRequest(context.Http, context.Client, ref context.Note, in context.Facts) { Model = context.ModelKey, Work = context.Work, UsualPrompt = context.Tokens?.Prompt ?? 0, Prefix = context.Prefix, Opening = context.Opening, Record = context.Deciding }, cluster, candidates),
        Strategy strategy => strategy.Pick(new PickRequest(context.Http, context.Client, ref context.Note) { Record = context.Deciding }, cluster, candidates),
        _ => policy.PickDestination(context.Http, cluster, candidates),
    };

    /// <summary>What session affinity narrowed the candidates to, as long as one of them may be sent requests.</summary>
    private IReadOnlyList<DestinationState>? Sticky(ClusterState cluster, IReverseProxyFeature feature)
    {
        var narrowed = feature.AvailableDestinations;
        if (narrowed is CandidateSet || narrowed.Count == 0 || !ReferenceEquals(feature.Route.Cluster, cluster))
        {
            return null;
        }

        for (var i = 0; i < narrowed.Count; i++)
        {
            if (availability.IsAvailable(narrowed[i]))
            {
                return narrowed;
            }
        }

        return null;
    }

    /// <summary>Whether a half-open destination might be tried that the request was not sent to yet.</summary>
    public static bool CanBeTried(RequestContext context, CandidateSet set, ModelRouting routing)
    {
        foreach (var destination in set.HalfOpen)
        {
            if (destination.Destination != context.Destination && MayTry(context, destination, routing))
            {
                return true;
            }
        }

        return false;
    }

    // A server whose streams stood still answers all else.
    private static bool MayTry(RequestContext context, DestinationAvailability destination, ModelRouting routing) =>
        destination.IsTrialDue && !context.History.Tried.Contains(destination.Destination) && (context.IsInference || !destination.WantsChunk)
        && destination.Load.IsOpen && routing.MayTry(context, destination.Destination);

    private DestinationState? Trial(RequestContext context, CandidateSet set)
    {
        foreach (var destination in set.HalfOpen)
        {
            if (MayTry(context, destination, routing) && destination.TryTakeTrial(out var word))
            {
                context.Trial = new AttemptTrial(destination, word);
                context.Decide(DecisionWay.Trial);
                return destination.Destination;
            }
        }

        return null;
    }

    private bool Stands(DestinationState picked, CandidateSet set, bool isWhole)
    {
        var weight = availability.Of(picked).Weight;
        if (weight >= 1 || !isWhole)
        {
            return weight >= 1 || availability.Chance.Next() < weight;
        }

        var total = (double)set.Settled.Count;
        foreach (var slow in set.Slow)
        {
            total += slow.Weight;
        }

        return availability.Chance.Next() < SlowStart.Acceptance(weight, set.Count, total);
    }

    private IReadOnlyList<DestinationState> Settled(CandidateSet set, IReadOnlyList<DestinationState> candidates) =>
        ReferenceEquals(candidates, set) ? set.Settled : [.. candidates.Where(candidate => !availability.Of(candidate).Word.IsSlow)];
}
