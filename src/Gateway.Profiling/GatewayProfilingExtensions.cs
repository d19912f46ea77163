using BlazeGateway.Profiling.Collection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BlazeGateway.Profiling;

/// <summary>The front door of the profiling plane.</summary>
public static class GatewayProfilingExtensions
{
    /// <summary>
    /// Registers the machine's limits, read once, and <see cref="ProcessSnapshotReader"/>. The application also registers a <see cref="TimeProvider"/>.
    /// </summary>
    public static IServiceCollection AddGatewayProfiling(this IServiceCollection services)
    {
        services.TryAddSingleton(_ => new MachineLimitsReader().Read());
        services.TryAddSingleton(provider => new ProcessSnapshotReader(provider.GetRequiredService<TimeProvider>()));
        return services;
    }
}
