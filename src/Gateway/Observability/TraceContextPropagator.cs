using System.Diagnostics;

namespace BlazeGateway.Observability;

/// <summary>
/// Passes <c>traceparent</c> and <c>tracestate</c> on, and nothing else: baggage of a client is a stranger's data and ends here.
/// The forwarder takes every header in <see cref="Fields"/> out of the request before it writes its own.
/// </summary>
internal sealed class TraceContextPropagator : DistributedContextPropagator
{
    private readonly DistributedContextPropagator _w3c = CreateW3CPropagator();

    private TraceContextPropagator()
    {
    }

    public static TraceContextPropagator Instance { get; } = new();

    /// <inheritdoc/>
    public override IReadOnlyCollection<string> Fields { get; } = ["traceparent", "tracestate", "baggage", "Correlation-Context", "Request-Id"];

    /// <inheritdoc/>
    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
        if (setter is null)
        {
            return;
        }

        _w3c.Inject(activity, carrier, (target, name, value) =>
        {
            if (name is "traceparent" or "tracestate")
            {
                setter(target, name, value);
            }
        });
    }

    /// <inheritdoc/>
    public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
        _w3c.ExtractTraceIdAndState(carrier, getter, out traceId, out traceState);

    /// <inheritdoc/>
    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
}
