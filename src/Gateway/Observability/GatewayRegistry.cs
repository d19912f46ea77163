using System.Runtime.InteropServices;
using BlazeGateway.Profiling.Collection;
using Prometheus;

namespace BlazeGateway.Observability;

/// <summary>The registry <c>/metrics</c> shows.</summary>
internal static class GatewayRegistry
{
    /// <summary>
    /// A registry with the process's own figures and <c>blaze_build_info</c>. The bridges from .NET meters and event counters stay off:
    /// they cost per request and publish names no dashboard knows.
    /// </summary>
    public static CollectorRegistry Create(ProcessSnapshotReader processes)
    {
        Metrics.SuppressDefaultMetrics(new SuppressDefaultMetricOptions
        {
            SuppressMeters = true,
            SuppressEventCounters = true,
            SuppressDebugMetrics = true,
            SuppressProcessMetrics = true,
        });
        var registry = Metrics.NewCustomRegistry();
        DotNetStats.Register(registry);
        ProcessMetrics.Register(registry, processes);
        Metrics.WithCustomRegistry(registry).CreateGauge("blaze_build_info", "What runs here; the value is always 1.", ["version", "revision", "runtime"])
            .WithLabels(BuildVersion.Current, BuildVersion.Revision, RuntimeInformation.FrameworkDescription)
            .Set(1);
        return registry;
    }
}
