using System.Collections.Concurrent;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Inference;
using Prometheus;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>One cluster's models. Names come from configuration or from the destinations; a name beyond the cap counts as <c>other</c>.</summary>
public sealed class ClusterMetrics
{
    /// <summary>Model names one cluster may label.</summary>
    public const int ModelLimit = 64;

    private readonly ConcurrentDictionary<(string Model, string Operation), ModelMetrics> _models = new();
    private readonly HashSet<string> _names = new(StringComparer.Ordinal) { MetricLabels.Other };
    private readonly Lock _gate = new();
    private readonly string _cluster;
    private readonly RequestMetricFamilies _families;
    private readonly Counter.Child?[] _shed = new Counter.Child?[PriorityBandNames.Count];
    private bool _retired;

    internal ClusterMetrics(string cluster, string provider, RequestMetricFamilies families)
    {
        _cluster = cluster;
        Provider = provider;
        _families = families;
    }

    /// <summary>Value of <c>gen_ai.provider.name</c>: the cluster's kind of model server.</summary>
    public string Provider { get; }

    /// <summary>
    /// The children of <paramref name="model"/>, which must be a known name or <c>other</c>; null when <paramref name="operation"/> generates nothing.
    /// One dictionary look-up, nothing allocated once seen.
    /// </summary>
    public ModelMetrics? Model(string model, Operation operation) =>
        MetricLabels.OperationName(operation) is { } name
            ? _models.TryGetValue((model, name), out var known) ? known : Create(model, name)
            : null;

    /// <summary>A request was refused because the cluster is full.</summary>
    internal void Shed(PriorityBand band) => (Volatile.Read(ref _shed[(int)band]) ?? CreateShed(band))?.Inc();

    internal void Retire()
    {
        lock (_gate)
        {
            _retired = true;
            Array.Clear(_shed);
            _families.Shed.Remove(labels => labels[0] == _cluster);
            _families.ModelDuration.Remove(labels => labels[3] == _cluster);
            _families.FirstToken.Remove(labels => labels[3] == _cluster);
            _families.PerToken.Remove(labels => labels[3] == _cluster);
            _families.Tokens.Remove(labels => labels[4] == _cluster);
            foreach (var model in _models.Values)
            {
                model.Retire();
            }
        }
    }

    private Counter.Child? CreateShed(PriorityBand band)
    {
        lock (_gate)
        {
            return _shed[(int)band] ??= _retired ? null : _families.Shed.Get(_cluster, PriorityBandNames.Of(band));
        }
    }

    private ModelMetrics? Create(string model, string operation)
    {
        lock (_gate)
        {
            if (_retired)
            {
                return null;
            }

            var name = model;
            if (!_names.Contains(model))
            {
                if (_names.Count > ModelLimit)
                {
                    _families.Overflow.WithLabels("gen_ai_request_model").Inc();
                    name = MetricLabels.Other;
                }
                else
                {
                    _names.Add(model);
                }
            }

            return _models.GetOrAdd(
                (name, operation),
                static (key, cluster) => new ModelMetrics(key.Operation, key.Model, cluster.Provider, cluster._cluster, cluster._families),
                this);
        }
    }
}
