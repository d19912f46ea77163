using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Prometheus;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>Adds <see cref="LoadReports"/>.</summary>
internal static class LoadReportsRegistration
{
    /// <summary>Adds them, started with the host and told of every cluster by YARP. Needs a <see cref="TimeProvider"/>, a <see cref="CollectorRegistry"/> and an <see cref="IAvailability"/> among the services.</summary>
    public static IServiceCollection AddLoadReports(this IServiceCollection services, Func<int> seed, Func<int> seriesLimit)
    {
        services.TryAddSingleton(provider => new LoadReports(
            provider.GetRequiredService<IAvailability>(),
            provider.GetRequiredService<TimeProvider>(),
            new Random(seed()),
            new ReportMetrics(provider.GetRequiredService<CollectorRegistry>(), seriesLimit()),
            provider.GetRequiredService<ILogger<LoadReports>>()));
        services.AddSingleton<IClusterChangeListener>(provider => provider.GetRequiredService<LoadReports>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<LoadReports>());
        return services;
    }
}
