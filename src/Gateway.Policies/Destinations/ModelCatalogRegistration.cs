using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Destinations;

/// <summary>Adds the <see cref="ModelCatalog"/>.</summary>
internal static class ModelCatalogRegistration
{
    /// <summary>
    /// Adds the catalog, started with the host and told of every cluster by YARP. Needs a <see cref="TimeProvider"/> and an <see cref="IAvailability"/> among the services.
    /// </summary>
    public static IServiceCollection AddModelCatalog(this IServiceCollection services, ModelCatalogOptions options, Func<int> seed)
    {
        services.TryAddSingleton(provider => new ModelCatalog(
            options,
            provider.GetRequiredService<IAvailability>(),
            provider.GetRequiredService<TimeProvider>(),
            new Random(seed()),
            provider.GetRequiredService<ILogger<ModelCatalog>>()));
        services.AddSingleton<IClusterChangeListener>(provider => provider.GetRequiredService<ModelCatalog>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ModelCatalog>());
        return services;
    }
}
