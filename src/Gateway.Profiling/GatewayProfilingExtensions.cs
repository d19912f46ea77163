using BlazeGateway.Profiling.Collection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BlazeGateway.Profiling;

/// <summary>The front door of the profiling plane.</summary>
public static class GatewayProfilingExtensions
{
    /// <summary>
    /// Registers the machine's limits, read once, and <see cref="ProcessSnapshotReader"/>. Uses the <see cref="TimeProvider"/> among the services when there is one; else the
    /// system's clock.
    /// </summary>
    public static IServiceCollection AddGatewayProfiling(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => new MachineLimitsReader().Read());
        services.TryAddSingleton(provider => new ProcessSnapshotReader(provider.GetRequiredService<TimeProvider>()));
        return services;
    }
}
