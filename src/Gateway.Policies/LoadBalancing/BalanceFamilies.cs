using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using Prometheus;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>Every metric of what strategies go by: name, help, labels.</summary>
internal sealed class BalanceFamilies
{
    private static readonly CounterConfiguration NoExemplar = new() { ExemplarBehavior = ExemplarBehavior.NoExemplars() };

    public BalanceFamilies(CollectorRegistry registry, int limit)
    {
        var factory = Metrics.WithCustomRegistry(registry);

        // Registered by the request metrics too, and the same counter.
        var overflow = factory.CreateCounter("blaze_metric_label_overflow_total", "Label sets folded into other because a metric was at its cap.", ["label"], NoExemplar);
        BoundedSeries<Gauge.Child> Gauges(string name, string help, params string[] labels) => new(factory.CreateGauge(name, help, labels), limit, overflow.WithLabels(labels.Length > 1 ? labels[1] : labels[0]));
        BoundedSeries<Counter.Child> Counters(string name, string help, params string[] labels) => new(factory.CreateCounter(name, help, labels, NoExemplar), limit, overflow.WithLabels(labels.Length > 1 ? labels[1] : labels[0]));
        Arms = Counters("blaze_loadbalancer_arm_decisions_total", "Picks of Adaptive by the way they were made.", "cluster", "arm");
        Explorations = Counters("blaze_loadbalancer_exploration_total", "Picks of Adaptive, held out or tried, of what was predicted to cost more than 1.05 times the least.", "cluster");
        Rewards = Gauges("blaze_loadbalancer_holdout_reward", "Mean reward of picks by the model and of requests held out, as a logarithm.", "cluster", "group");
        Errors = Gauges("blaze_loadbalancer_model_error", "Mean absolute logarithm of how far predictions were off, of the model and of usual times.", "cluster", "predictor");
        Trusted = Gauges("blaze_loadbalancer_model_trusted", "Whether the model of Adaptive decides.", "cluster");
        Tokens = Gauges("blaze_destination_inflight_tokens", "Tokens in flight on a destination: prompts to be computed, answers to be made.", "cluster", "destination", "kind");
        Limits = Gauges("blaze_destination_limit_requests", "Most requests in flight on a destination as far as was learned; 0 where nothing is.", "cluster", "destination");
        PrefixBlocks = Gauges("blaze_destination_prefix_blocks", "Blocks of prompts sent to a destination that are remembered.", "cluster", "destination");
        PrefixCache = Gauges("blaze_destination_prefix_cache_blocks", "Blocks the prefix cache of a destination is thought to hold.", "cluster", "destination");
        PrefixRestarts = Counters("blaze_destination_prefix_restarts_total", "Times the prefix cache of a destination was found to have begun anew.", "cluster", "destination");
    }

    public BoundedSeries<Counter.Child> Arms { get; }

    public BoundedSeries<Counter.Child> Explorations { get; }

    public BoundedSeries<Gauge.Child> Rewards { get; }

    public BoundedSeries<Gauge.Child> Errors { get; }

    public BoundedSeries<Gauge.Child> Trusted { get; }

    public BoundedSeries<Gauge.Child> Tokens { get; }

    public BoundedSeries<Gauge.Child> Limits { get; }

    public BoundedSeries<Gauge.Child> PrefixBlocks { get; }

    public BoundedSeries<Gauge.Child> PrefixCache { get; }

    public BoundedSeries<Counter.Child> PrefixRestarts { get; }
}

/// <summary>The series of a cluster that <c>Adaptive</c> learned of.</summary>
internal sealed class ClusterSeries(string cluster, BalanceFamilies families)
{
    private readonly Counter.Child[] _arms = [.. AdaptiveArms.Names.Select(arm => families.Arms.Get(cluster, arm))];
    private readonly Counter.Child _explorations = families.Explorations.Get(cluster);
    private readonly Gauge.Child _model = families.Rewards.Get(cluster, "model");
    private readonly Gauge.Child _holdout = families.Rewards.Get(cluster, "holdout");
    private readonly Gauge.Child _error = families.Errors.Get(cluster, "model");
    private readonly Gauge.Child _usualError = families.Errors.Get(cluster, "usual");
    private readonly Gauge.Child _trusted = families.Trusted.Get(cluster);

    public void Show(AdaptiveMemory memory, TimeSpan now)
    {
        for (var arm = 0; arm < _arms.Length; arm++)
        {
            _arms[arm].IncTo(memory.Tally.Of(arm));
        }

        _explorations.IncTo(memory.Tally.Explorations);
        _model.Set(memory.Trial.OfModel.Value);
        _holdout.Set(memory.Trial.OfHoldout.Value);
        _error.Set(memory.Trial.Error);
        _usualError.Set(memory.Trial.UsualError);
        _trusted.Set(memory.Trial.IsTrusted(now) ? 1 : 0);
    }

    public void Retire()
    {
        families.Arms.Remove(IsOurs);
        families.Explorations.Remove(IsOurs);
        families.Rewards.Remove(IsOurs);
        families.Errors.Remove(IsOurs);
        families.Trusted.Remove(IsOurs);
    }

    private bool IsOurs(string[] labels) => labels[0] == cluster;
}

/// <summary>The series of a destination.</summary>
internal sealed class DestinationSeries(string cluster, string destination, BalanceFamilies families)
{
    private readonly Gauge.Child _prefill = families.Tokens.Get(cluster, destination, "prefill");
    private readonly Gauge.Child _output = families.Tokens.Get(cluster, destination, "output");
    private readonly Gauge.Child _limit = families.Limits.Get(cluster, destination);
    private readonly Gauge.Child _blocks = families.PrefixBlocks.Get(cluster, destination);
    private readonly Gauge.Child _cache = families.PrefixCache.Get(cluster, destination);
    private readonly Counter.Child _restarts = families.PrefixRestarts.Get(cluster, destination);

    public void Show(DestinationLoad load)
    {
        _prefill.Set(load.PrefillTokens);
        _output.Set(load.OutputTokens);
        _limit.Set(load.AdaptiveLimit == int.MaxValue ? 0 : load.AdaptiveLimit);
        _blocks.Set(load.Prefix.Count());
        _cache.Set(load.Prefix.Size);
        _restarts.IncTo(load.Prefix.Restarts);
    }

    public void Retire()
    {
        families.Tokens.Remove(IsOurs);
        families.Limits.Remove(IsOurs);
        families.PrefixBlocks.Remove(IsOurs);
        families.PrefixCache.Remove(IsOurs);
        families.PrefixRestarts.Remove(IsOurs);
    }

    private bool IsOurs(string[] labels) => labels[0] == cluster && labels[1] == destination;
}
