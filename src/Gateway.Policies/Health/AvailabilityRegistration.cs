using BlazeGateway.Policies.Destinations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Prometheus;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Health;

/// <summary>Adds the <see cref="AvailabilityRegistry"/>.</summary>
internal static class AvailabilityRegistration
{
    /// <summary>Lets the registry decide which destinations YARP takes for available. Needs a <see cref="TimeProvider"/> and a <see cref="CollectorRegistry"/> among the services.</summary>
    public static IServiceCollection AddDestinationAvailability(this IServiceCollection services, Func<int> seed, Func<int> seriesLimit)
    {
        services.AddSingleton(_ => new Chance(seed()));
        services.AddSingleton(provider => new HealthMetrics(provider.GetRequiredService<CollectorRegistry>(), seriesLimit()));
        services.AddSingleton(provider => new AvailabilityRegistry(
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<Chance>(),
            provider.GetRequiredService<HealthMetrics>(),
            provider.GetServices<IAvailableDestinationsPolicy>(),
            provider.GetRequiredService<ILogger<AvailabilityRegistry>>())
        {
            MakesTrials = false,
        });
        services.AddSingleton<IAvailability>(provider => provider.GetRequiredService<AvailabilityRegistry>());
        services.AddSingleton<IClusterChangeListener>(provider => provider.GetRequiredService<AvailabilityRegistry>());
        services.Replace(ServiceDescriptor.Singleton<IClusterDestinationsUpdater>(provider => provider.GetRequiredService<AvailabilityRegistry>()));
        return services;
    }
}
