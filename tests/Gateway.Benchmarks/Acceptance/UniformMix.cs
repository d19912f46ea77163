using BlazeGateway.Policies;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>One of Adaptive's arms by chance for each request, all as often: what choosing among them without learning comes to.</summary>
/// <param name="availability">Whose destinations.</param>
internal sealed class UniformMix(AvailabilityRegistry availability) : Strategy("UniformMix", availability)
{
    private readonly IReadOnlyList<Strategy> _arms = StrategyRegistration.Arms(availability);

    public override bool WantsPrefix(ClusterExtensions options) => true;

    internal override int Choose(in PickRequest request, in Candidates candidates)
    {
        var memory = candidates.Cluster!.Learned(static _ => new AdaptiveMemory());
        var scan = new CostScan(memory, request.Model, request.UsualPrompt, default, Now);
        Span<double> costs = stackalloc double[candidates.Loads.Length];
        for (var i = 0; i < costs.Length; i++)
        {
            costs[i] = scan.Cost(candidates.Loads[i], Own(request, candidates, i));
        }

        var least = LeastScan.OfCosts(costs, CostScan.Alike, Chance);
        var arm = (int)(Chance.Next() * AdaptiveArms.Count);
        var picked = arm == AdaptiveArms.Model ? least : _arms[arm - 1].Choose(request, candidates);
        if (picked >= 0 && request.IsFollowed)
        {
            request.Note.Keep(memory, arm, PickReason.Cheap, 1);
            scan.Expect(candidates.Loads[picked], Own(request, candidates, picked), costs[least], ref request.Note);
        }

        return picked;
    }

    private static int Own(in PickRequest request, in Candidates candidates, int place)
    {
        var guess = int.MaxValue;
        return request.OwnTokens(candidates.Loads[place], ref guess);
    }
}
