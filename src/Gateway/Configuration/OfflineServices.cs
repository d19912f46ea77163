using BlazeGateway.Configuration.Checks;
using BlazeGateway.Policies;

namespace BlazeGateway.Configuration;

/// <summary>The services a check of a configuration needs when no gateway runs: those of the gateway, without listeners and without a host.</summary>
internal static class OfflineServices
{
    /// <summary>Container with a <see cref="ConfigurationChecker"/>; <paramref name="more"/> adds what a host adds (policies, named limits).</summary>
    public static ServiceProvider Create(ConfigurationSources sources, Action<IServiceCollection>? more = null)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddRouting();
        services.AddAuthorization();
        services.AddCors();
        services.AddRateLimiter(static _ => { });
        services.AddOutputCache();
        services.AddRequestTimeouts();
        services.AddReverseProxy().AddGatewayPolicies();
        more?.Invoke(services);
        services.AddSingleton(sources);
        services.AddSingleton<ConfigurationChecker>();
        return services.BuildServiceProvider();
    }
}
