using BlazeGateway.Configuration.Checks;
using BlazeGateway.Configuration.Reload;
using Prometheus;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration;

/// <summary>Front door of this folder for the host.</summary>
internal static class ConfigurationServices
{
    /// <summary>
    /// Adds the guarded provider and the watcher of the files. Needs a <see cref="CollectorRegistry"/>, a <see cref="TimeProvider"/> and YARP's services.
    /// Call <see cref="GuardedConfigProvider.LoadAsync"/> once after the container is built and before YARP is mapped.
    /// </summary>
    public static IServiceCollection AddGatewayConfiguration(this IServiceCollection services, ConfigurationSources sources)
    {
        services.AddSingleton(sources);
        services.AddSingleton<ConfigurationChecker>();
        services.AddSingleton(static provider => new ConfigurationMetrics(provider.GetRequiredService<CollectorRegistry>()));
        services.AddSingleton<GuardedConfigProvider>();
        services.AddSingleton<IProxyConfigProvider>(static provider => provider.GetRequiredService<GuardedConfigProvider>());
        services.AddHostedService<ConfigurationWatcher>();
        return services;
    }
}
