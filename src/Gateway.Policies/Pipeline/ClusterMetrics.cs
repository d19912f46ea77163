using System.Collections.Concurrent;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline.Continuation;
using BlazeGateway.Policies.Resilience;
using Prometheus;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>One cluster's models. Names come from configuration or from the destinations; one there is no label for counts as <c>other</c>.</summary>
public sealed class ClusterMetrics
{
    private readonly ConcurrentDictionary<(string Model, string Operation), ModelMetrics> _models = new();
    private readonly Lock _gate = new();
    private readonly string _cluster;
    private readonly RequestMetricFamilies _families;
    private readonly Func<string, string> _label;
    private readonly Counter.Child?[] _shed = new Counter.Child?[PriorityBandNames.Count * ShedReasons.Count];
    private readonly Histogram.Child?[] _waits = new Histogram.Child?[PriorityBandNames.Count];
    private readonly Gauge.Child?[] _depths = new Gauge.Child?[PriorityBandNames.Count];
    private readonly Counter.Child?[] _retries = new Counter.Child?[2 * RetryCauses.Count];
    private readonly Counter.Child?[] _continuations = new Counter.Child?[ContinuationResults.Count];
    private bool _retired;

    /// <param name="cluster">Its name.</param>
    /// <param name="provider">Its kind of model server.</param>
    /// <param name="families">Where its series are.</param>
    /// <param name="label">The label of a model; asked once for each model and operation.</param>
    internal ClusterMetrics(string cluster, string provider, RequestMetricFamilies families, Func<string, string> label)
    {
        _cluster = cluster;
        Provider = provider;
        _families = families;
        _label = label;
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
    internal void Shed(PriorityBand band, ShedReason reason)
    {
        var index = ((int)band * ShedReasons.Count) + (int)reason;
        (Volatile.Read(ref _shed[index]) ?? CreateShed(index, band, reason))?.Inc();
    }

    /// <summary>A request waited and is served.</summary>
    internal void Waited(PriorityBand band, double seconds) => (Volatile.Read(ref _waits[(int)band]) ?? CreateWait(band))?.Observe(seconds);

    /// <summary>So many requests wait now.</summary>
    internal void Wait(PriorityBand band, int requests)
    {
        lock (_gate)
        {
            (_depths[(int)band] ??= _retired ? null : _families.QueueDepth.Get(_cluster, PriorityBandNames.Of(band)))?.Set(requests);
        }
    }

    /// <summary>Another destination was asked after one failed, or was not because the cluster's budget for that is used up.</summary>
    internal void Retried(RetryCause cause, bool wasMade)
    {
        var index = (2 * (int)cause) + (wasMade ? 1 : 0);
        (Volatile.Read(ref _retries[index]) ?? CreateRetry(index, cause, wasMade))?.Inc();
    }

    /// <summary>A stream of a route that has its streams continued broke off.</summary>
    internal void Continued(ContinuationResult result) => (Volatile.Read(ref _continuations[(int)result]) ?? CreateContinuation(result))?.Inc();

    internal void Retire()
    {
        lock (_gate)
        {
            _retired = true;
            Array.Clear(_shed);
            Array.Clear(_waits);
            Array.Clear(_depths);
            _families.QueueDepth.Remove(labels => labels[0] == _cluster);
            _families.QueueWait.Remove(labels => labels[0] == _cluster);
            Array.Clear(_retries);
            Array.Clear(_continuations);
            _families.Continuations.Remove(labels => labels[0] == _cluster);
            _families.Retries.Remove(labels => labels[0] == _cluster);
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

    private Counter.Child? CreateRetry(int index, RetryCause cause, bool wasMade)
    {
        lock (_gate)
        {
            return _retries[index] ??= _retired ? null : _families.Retries.Get(_cluster, cause.Name(), wasMade ? "made" : "budget");
        }
    }

    private Counter.Child? CreateContinuation(ContinuationResult result)
    {
        lock (_gate)
        {
            return _continuations[(int)result] ??= _retired ? null : _families.Continuations.Get(_cluster, result.Name());
        }
    }

    private Counter.Child? CreateShed(int index, PriorityBand band, ShedReason reason)
    {
        lock (_gate)
        {
            return _shed[index] ??= _retired ? null : _families.Shed.Get(_cluster, PriorityBandNames.Of(band), ShedReasons.NameOf(reason));
        }
    }

    private Histogram.Child? CreateWait(PriorityBand band)
    {
        lock (_gate)
        {
            return _waits[(int)band] ??= _retired ? null : _families.QueueWait.Get(_cluster, PriorityBandNames.Of(band));
        }
    }

    /// <summary>Lets go of the children of models that are offered no longer.</summary>
    internal void Forget(IReadOnlyCollection<string> models)
    {
        lock (_gate)
        {
            foreach (var (key, metrics) in _models.Where(pair => models.Contains(pair.Key.Model, StringComparer.Ordinal)).ToList())
            {
                _models.TryRemove(key, out _);
                metrics.Retire();
            }
        }
    }

    private ModelMetrics? Create(string model, string operation)
    {
        // Outside the gate: asking may make other clusters forget.
        var label = _label(model);
        lock (_gate)
        {
            if (_retired)
            {
                return null;
            }

            var metrics = _models.GetOrAdd(
                (label, operation),
                static (key, cluster) => new ModelMetrics(key.Operation, key.Model, cluster.Provider, cluster._cluster, cluster._families),
                this);

            // A model without a label of its own is found at once the next time. There are no more of them than routes and destinations name.
            return _models.GetOrAdd((model, operation), metrics);
        }
    }
}
