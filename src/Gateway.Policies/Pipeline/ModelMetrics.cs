using Prometheus;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>The children of one model, operation and cluster.</summary>
public sealed class ModelMetrics
{
    private readonly Lock _gate = new();
    private readonly Histogram.Child?[] _durations = new Histogram.Child?[MetricLabels.OutcomeCount];
    private readonly string[] _labels;
    private readonly RequestMetricFamilies _families;
    private readonly Histogram.Child _firstToken;
    private readonly Histogram.Child _perToken;
    private readonly Histogram.Child _tokensIn;
    private readonly Histogram.Child _tokensOut;
    private bool _retired;

    internal ModelMetrics(string operation, string model, string provider, string cluster, RequestMetricFamilies families)
    {
        _labels = [operation, model, provider, cluster];
        _families = families;
        _firstToken = families.FirstToken.Get(_labels);
        _perToken = families.PerToken.Get(_labels);
        _tokensIn = families.Tokens.Get(operation, model, provider, "input", cluster);
        _tokensOut = families.Tokens.Get(operation, model, provider, "output", cluster);
    }

    internal void Settled(in AccessRecord record, double seconds, double secondsPerTick)
    {
        Duration(record.Outcome)?.Observe(seconds);
        if (record.TokensIn >= 0)
        {
            _tokensIn.Observe(record.TokensIn);
        }

        if (record.TokensOut >= 0)
        {
            _tokensOut.Observe(record.TokensOut);
        }

        if (record.Outcome != Outcome.Ok || !record.Stream)
        {
            return;
        }

        if (record.ToFirstContent >= 0)
        {
            _firstToken.Observe(record.ToFirstContent * secondsPerTick);
        }

        if (record is { Generation: >= 0, TokensOut: > 1 })
        {
            _perToken.Observe(record.Generation * secondsPerTick / (record.TokensOut - 1));
        }
    }

    internal void Retire()
    {
        lock (_gate)
        {
            _retired = true;
        }
    }

    private Histogram.Child? Duration(Outcome outcome) => Volatile.Read(ref _durations[(int)outcome]) ?? CreateDuration(outcome);

    private Histogram.Child? CreateDuration(Outcome outcome)
    {
        lock (_gate)
        {
            ref var slot = ref _durations[(int)outcome];
            return slot ??= _retired ? null : _families.ModelDuration.Get([.. _labels, outcome == Outcome.Ok ? "" : MetricLabels.OutcomeName(outcome)]);
        }
    }
}
