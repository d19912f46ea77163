using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.RateLimiting;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Step Admit: lets a request through to its cluster while there is room. Not in the plan of a cluster that takes any number.</summary>
internal sealed class AdmitStep
{
    private readonly ConcurrencyLimit _inFlight;
    private readonly ClusterMetrics _metrics;

    private AdmitStep(ConcurrencyLimit inFlight, ClusterMetrics metrics)
    {
        _inFlight = inFlight;
        _metrics = metrics;
    }

    /// <summary>The step of a cluster; null when it takes any number.</summary>
    public static AdmitStep? Compile(string cluster, AdmissionOptions options, PermitTable permits, ClusterMetrics metrics) =>
        options.MaxInFlight is { } most
            ? new AdmitStep(new ConcurrencyLimit(permits, PartitionKey.ScopeOf("cluster", cluster), most, perClient: false), metrics)
            : null;

    /// <summary>Null when the request may go on, with its slot among the context's leases; else why not.</summary>
    public GatewayError? Enter(RequestContext context)
    {
        var slot = _inFlight.AttemptAcquire(context.Client);
        if (slot.IsAcquired)
        {
            context.Leases.Add(slot);
            return null;
        }

        _metrics.Shed(context.Flow.Band);
        return GatewayError.Overloaded;
    }
}
