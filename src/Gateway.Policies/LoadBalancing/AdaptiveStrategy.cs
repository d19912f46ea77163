using System.Runtime.InteropServices;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>
/// The destination that a model, learned from every answer, predicts to cost least, or one that another strategy picks where those have done better. Power of
/// two until it has seen some answers.
/// </summary>
/// <param name="availability">Whose destinations.</param>
/// <param name="arms">The other strategies, in the order of <see cref="AdaptiveArms.Names"/>.</param>
internal sealed class AdaptiveStrategy(AvailabilityRegistry availability, IReadOnlyList<Strategy> arms) : Strategy(Strategies.Adaptive, availability)
{
    private const uint All = (1u << AdaptiveArms.Count) - 1;

    /// <summary>Of more than <see cref="LeastScan.MostDestinations"/> candidates, so many are drawn and compared.</summary>
    private const int Drawn = 16;

    // As many times as many are held out while the model learns. Most of them, and of those tried, cost little more: what is dearer stays below one request in a hundred.
    private const double MoreAtFirst = 1.5;

    /// <inheritdoc />
    public override bool WantsPrefix(ClusterExtensions options) => true;

    /// <inheritdoc />
    public override bool WantsOpening(ClusterExtensions options) => ConsistentHashStrategy.GoesByOpening(options);

    /// <inheritdoc />
    internal override int Choose(in PickRequest request, in Candidates candidates)
    {
        if (candidates.Cluster is not { } cluster)
        {
            return LeastScan.Connections(candidates.Loads, Chance);
        }

        if (cluster.All.Length == 1 && candidates.Loads.Length == 1)
        {
            // Nothing to choose, and nothing to learn for.
            return candidates.Loads[0].IsOpen ? 0 : -1;
        }

        var memory = cluster.Learned(static _ => new AdaptiveMemory());
        Span<int> places = stackalloc int[LeastScan.MostDestinations];
        places = places[..Places(candidates, places, Drawn)];
        var now = Now;
        var scan = new CostScan(memory, request.Model, request.UsualPrompt, new LoadingCost(request.Model, places, candidates.Loads, now), now);
        Span<double> costs = stackalloc double[places.Length];
        var (guess, lowest) = (int.MaxValue, double.PositiveInfinity);
        for (var i = 0; i < places.Length; i++)
        {
            var load = candidates.Loads[places[i]];
            var own = request.OwnTokens(load, ref guess);
            costs[i] = scan.Cost(load, own, out var predicted);
            lowest = Math.Min(lowest, costs[i]);
            request.Record?.Weigh(load, own, predicted, costs[i]);
        }

        var least = LeastScan.OfCosts(costs, CostScan.Alike, Chance);
        if (least < 0)
        {
            // All that were looked at are full.
            return LeastScan.Load(candidates.Loads, Now, Chance);
        }

        var weighed = new Weighed(scan, costs, lowest, places.Length == candidates.Loads.Length);
        var decision = Decide(request, candidates, memory, weighed, new Decision(AdaptiveArms.Model, places[least], costs[least]), cluster.Adaptive);
        if (decision.Index >= 0 && request.IsFollowed)
        {
            request.Note.Keep(memory, decision.Arm, decision.Reason, decision.Propensity);
            request.Note.Ratio = (decision.Arm == AdaptiveArms.Model ? decision.Cost : weighed.Cost(request, candidates, decision.Index)) / lowest;
            scan.Expect(candidates.Loads[decision.Index], OwnTokens(request, candidates.Loads[decision.Index]), lowest, ref request.Note);
            memory.Tally.Count(decision.Arm, request.Note.Ratio > CostScan.Dearer && decision.Reason is PickReason.HeldOut or PickReason.Tried);
        }

        return decision.Index;
    }

    private Decision Decide(in PickRequest request, in Candidates candidates, AdaptiveMemory memory, in Weighed weighed, in Decision model, AdaptiveOptions options)
    {
        var trial = memory.Trial;
        if (trial.IsCold)
        {
            return ByArm(AdaptiveArms.PowerOfTwo, request, candidates) with { Reason = PickReason.Cold };
        }

        var isCritical = request.Client.Band == PriorityBand.Critical;
        var holdout = options.Holdout * (trial.Answers < ModelTrial.Learned ? MoreAtFirst : 1);
        if (!isCritical && Chance.Next() < holdout)
        {
            return ByArm(AdaptiveArms.PowerOfTwo, request, candidates) with { Reason = PickReason.HeldOut, Propensity = holdout };
        }

        if (!trial.IsTrusted(Now))
        {
            return ByArm(memory.Arms.Choose(weighed.Arms & ~1u), request, candidates) with { Reason = PickReason.Untrusted };
        }

        var arm = memory.Arms.Choose(weighed.Arms);
        if (arm == AdaptiveArms.Model)
        {
            return model;
        }

        var other = ByArm(arm, request, candidates);
        var cost = other.Index < 0 ? double.PositiveInfinity : weighed.Cost(request, candidates, other.Index);
        if (cost <= CostScan.Dearer * weighed.Lowest)
        {
            return other;
        }

        // What is dearer is tried by chance, seldom, and never where it could do harm.
        var mayTry = cost <= CostScan.Dearest * weighed.Lowest && memory.Failures <= AdaptiveMemory.MostFailures && !isCritical
            && candidates.Loads[model.Index].PrefillTokens <= 2 * OwnTokens(request, candidates.Loads[model.Index]);
        return mayTry && Chance.Next() < options.Exploration ? other with { Reason = PickReason.Tried, Propensity = options.Exploration } : model;
    }

    private Decision ByArm(int arm, in PickRequest request, in Candidates candidates) => new(arm, arms[arm - 1].Choose(request, candidates), 0);

    private static int OwnTokens(in PickRequest request, DestinationLoad destination)
    {
        var guess = int.MaxValue;
        return request.OwnTokens(destination, ref guess);
    }

    /// <summary>Costs that were worked out, of all candidates or of some.</summary>
    private readonly ref struct Weighed(CostScan scan, ReadOnlySpan<double> costs, double lowest, bool isWhole)
    {
        private readonly CostScan _scan = scan;
        private readonly ReadOnlySpan<double> _costs = costs;

        /// <summary>The least of them.</summary>
        public double Lowest => lowest;

        /// <summary>Arms that may be used: consistent hashing adds up what all candidates have in flight, too long where there are many.</summary>
        public uint Arms => isWhole ? All : All & ~(1u << AdaptiveArms.ConsistentHash);

        public double Cost(in PickRequest request, in Candidates candidates, int index) =>
            isWhole ? _costs[index] : _scan.Cost(candidates.Loads[index], OwnTokens(request, candidates.Loads[index]));
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Decision(int Arm, int Index, double Cost)
    {
        public PickReason Reason { get; init; }

        public double Propensity { get; init; } = 1;
    }
}
