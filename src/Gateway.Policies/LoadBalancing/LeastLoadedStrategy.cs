using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>
/// The least load as model servers report it, corrected by what the gateway has sent and got answered since, for its weight; a nearly full KV cache counts
/// many times. Of inference requests the load is counted in tokens to compute, without those that a destination is expected to have in its cache. What a
/// destination does not report is what is in flight. Of many candidates the better of two drawn, evenly for inference requests and by weight for others.
/// </summary>
internal sealed class LeastLoadedStrategy(AvailabilityRegistry availability) : Strategy(Strategies.LeastLoaded, availability)
{
    /// <inheritdoc />
    public override bool WantsPrefix(ClusterExtensions options) => true;

    /// <inheritdoc />
    internal override int Choose(in PickRequest request, in Candidates candidates)
    {
        if (request.UsualPrompt > 0 && candidates.Cluster is not null)
        {
            return ByTokens(request, candidates);
        }

        return candidates is { IsWhole: true, Cluster: { } cluster } && candidates.Loads.Length > LeastScan.MostDestinations
            ? PowerOfTwo.Load(candidates.Loads, cluster.Keep(static loads => AliasTable.Of(loads.Candidates)), Now, Chance)
            : LeastScan.Load(candidates.Loads, Now, Chance);
    }

    private int ByTokens(in PickRequest request, in Candidates candidates)
    {
        Span<int> places = stackalloc int[LeastScan.MostDestinations];
        places = places[..Places(candidates, places, drawn: 2)];
        Span<double> costs = stackalloc double[places.Length];
        var (guess, now) = (int.MaxValue, Now);
        var loading = new LoadingCost(request.Model, places, candidates.Loads, now);
        var record = request.Record is { IsWeighed: false } unweighed ? unweighed : null;
        for (var i = 0; i < places.Length; i++)
        {
            var load = candidates.Loads[places[i]];
            var own = request.OwnTokens(load, ref guess);
            costs[i] = load.IsOpen ? (ServerLoad.InPrompts(load, own, request.UsualPrompt, now) + loading.On(load)) / load.EffectiveWeight : double.PositiveInfinity;
            record?.Weigh(load, own, double.NaN, costs[i]);
        }

        var least = LeastScan.OfCosts(costs, alike: 1, Chance);
        return least >= 0 ? places[least] : places.Length < candidates.Loads.Length ? LeastScan.Load(candidates.Loads, now, Chance) : -1;
    }
}
