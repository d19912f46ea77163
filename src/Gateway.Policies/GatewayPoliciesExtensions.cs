using System.Security.Cryptography;
using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.Pipeline.Connections;
using BlazeGateway.Policies.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Prometheus;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace BlazeGateway.Policies;

/// <summary>The front door: how a YARP application gets the gateway's policies.</summary>
public static class GatewayPoliciesExtensions
{
    /// <summary>
    /// Adds the policies to a reverse proxy: its clusters can name the gateway's strategies, and its pipeline can be the gateway's
    /// (<see cref="UseGatewayPolicies"/>). Uses the <see cref="TimeProvider"/>, <see cref="CollectorRegistry"/> and <see cref="IAccessLog"/> among the services when
    /// there are any; else the system's clock, the default registry, and no access log. May be called again, to configure further.
    /// </summary>
    /// <param name="builder">The reverse proxy.</param>
    /// <param name="configure">Limits and intervals. Default: the ones <see cref="GatewayPoliciesOptions"/> documents.</param>
    public static IReverseProxyBuilder AddGatewayPolicies(this IReverseProxyBuilder builder, Action<GatewayPoliciesOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Services.FirstOrDefault(static service => service.ServiceType == typeof(GatewayPoliciesOptions)) is { ImplementationInstance: GatewayPoliciesOptions known })
        {
            configure?.Invoke(known);
            return builder;
        }

        var options = new GatewayPoliciesOptions();
        configure?.Invoke(options);
        builder.Services.AddSingleton(options);
        Add(builder.Services, options);
        return builder;
    }

    /// <summary>The same, and <c>Extensions</c> of clusters and routes are read from the section YARP reads, also when it changes.</summary>
    /// <param name="builder">The reverse proxy.</param>
    /// <param name="configuration">The section given to <c>LoadFromConfig</c>. Clusters that carry extensions already (<see cref="ExtensionsCarrier"/>) keep them.</param>
    /// <param name="configure">Limits and intervals.</param>
    public static IReverseProxyBuilder AddGatewayPolicies(this IReverseProxyBuilder builder, IConfiguration configuration, Action<GatewayPoliciesOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        builder.AddGatewayPolicies(configure);
        builder.Services.AddSingleton<IProxyConfigFilter>(new ExtensionsFilter(configuration));
        return builder;
    }

    /// <summary>Ends the application's pipeline, behind the routes: what matches none is answered in the client's dialect, counted and logged.</summary>
    public static void UseUnmatchedRequests(this IApplicationBuilder app) => app.Run(app.ApplicationServices.GetRequiredService<UnmatchedRequests>().InvokeAsync);

    /// <summary>Ends the proxy's pipeline with the gateway's own, inside <c>MapReverseProxy</c>. It picks and forwards, so nothing follows it.</summary>
    public static IReverseProxyApplicationBuilder UseGatewayPolicies(this IReverseProxyApplicationBuilder proxy)
    {
        proxy.ApplicationServices.GetRequiredService<AvailabilityRegistry>().MakesTrials = true;

        // In YARP's own pipeline nobody sees the bytes of answers.
        proxy.ApplicationServices.GetRequiredService<ProgressSweep>();
        proxy.UseSessionAffinity();
        proxy.Run(proxy.ApplicationServices.GetRequiredService<RequestPipeline>().InvokeAsync);
        return proxy;
    }

    private static void Add(IServiceCollection services, GatewayPoliciesOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(Metrics.DefaultRegistry);
        services.TryAddSingleton<IAccessLog, NoAccessLog>();
        services.AddStrategies();
        services.AddDestinationAvailability(() => options.Seed, () => options.MaxLabelSets);
        services.AddModelCatalog(new ModelCatalogOptions(), () => options.Seed);
        services.AddLoadReports(() => options.Seed, () => options.MaxLabelSets);
        services.Replace(ServiceDescriptor.Singleton<IForwarderHttpClientFactory, ClusterConnectionsFactory>());
        services.AddSingleton(_ => new DestinationSockets(options.MaxDestinationConnections));
        services.AddSingleton(_ => new BodyBudget(options.MaxBufferedBytes));
        services.AddSingleton(_ => new PermitTable(options.MaxPartitions));
        services.AddSingleton(_ => new ClientDirectory(options.Clients, RandomNumberGenerator.GetBytes(ClientDirectory.SecretLength)));
        services.AddSingleton(provider => Measure(provider, options));
        services.AddSingleton<IConfigChangeListener, SeriesUpkeep>();
        services.AddSingleton(SweepDeadlines);
        services.AddSingleton<Failover>();
        services.AddSingleton(WatchProgress);
        services.AddSingleton(static provider => new MemoryPressure(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<Admissions>();
        services.AddSingleton<RequestContextPool>();
        services.AddSingleton<RequestId>();
        services.AddSingleton<PlanCache>();
        services.AddSingleton<DestinationTallies>();
        services.AddSingleton<ModelRouting>();
        services.AddSingleton(provider => new DecisionRecorder(options.DecisionsKept, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<TrustLog>();
        services.AddSingleton(provider => new BalanceMetrics(
            provider.GetRequiredService<CollectorRegistry>(), provider.GetRequiredService<AvailabilityRegistry>(), options.MaxLabelSets));
        services.AddSingleton<PeekStep>();
        services.AddSingleton<DestinationPick>();
        services.AddSingleton<Attempt>();
        services.AddSingleton<Settlement>();
        services.AddSingleton<RequestPipeline>();
        services.AddSingleton<UnmatchedRequests>();
    }

    private static DeadlineSweep SweepDeadlines(IServiceProvider services)
    {
        var time = services.GetRequiredService<TimeProvider>();
        return new DeadlineSweep(time, services.GetRequiredService<AvailabilityRegistry>(), time == TimeProvider.System ? DeadlineSweep.Standstill : null);
    }

    private static ProgressSweep WatchProgress(IServiceProvider services)
    {
        var catalog = services.GetRequiredService<ModelCatalog>();
        return new ProgressSweep(
            services.GetRequiredService<AvailabilityRegistry>(),
            new ProgressPorts(catalog.IsProbed, catalog.Probe, services.GetRequiredService<DeadlineSweep>().Tell),
            services.GetRequiredService<TimeProvider>());
    }

    private static RequestMetrics Measure(IServiceProvider services, GatewayPoliciesOptions options)
    {
        var metrics = new RequestMetrics(
            services.GetRequiredService<CollectorRegistry>(),
            services.GetRequiredService<TimeProvider>(),
            options.MaxLabelSets,
            options.MaxModelLabels,
            name => services.GetRequiredService<ModelRouting>().Offers(name));
        services.GetRequiredService<BalanceMetrics>();
        metrics.WatchBodies(services.GetRequiredService<BodyBudget>());
        metrics.WatchPartitions(services.GetRequiredService<PermitTable>());
        return metrics;
    }
}

/// <summary>Clients and limits of the whole process.</summary>
public sealed class GatewayPoliciesOptions
{
    /// <summary>How clients are told apart. Default: by address.</summary>
    public ClientsOptions Clients { get; set; } = new();

    /// <summary>Clients that limits tell apart at once; further ones share a partition. Default: 65,536 (about 6 MB).</summary>
    public int MaxPartitions { get; set; } = PermitTable.DefaultCapacity;

    /// <summary>Bytes of request bodies held by all requests together. Default: 256 MiB.</summary>
    public long MaxBufferedBytes { get; set; } = BodyBudget.DefaultLimit;

    /// <summary>Connections to destinations open at once; a request that needs one more is answered 503 <c>overloaded</c>. Default: no limit.</summary>
    public int MaxDestinationConnections { get; set; } = int.MaxValue;

    /// <summary>Model names told apart in metric labels, over all clusters. Default: 64.</summary>
    public int MaxModelLabels { get; set; } = RequestMetrics.DefaultModelLimit;

    /// <summary>Label sets one metric may have; what is beyond is counted under <c>other</c>. Default: 10,000.</summary>
    public int MaxLabelSets { get; set; } = RequestMetrics.DefaultSeriesLimit;

    /// <summary>Decisions of strategies kept to be explained, 0 to 65,536 (about 1 KB each). Default: 0, for a plain application has no page that shows them.</summary>
    public int DecisionsKept { get; set; }

    /// <summary>Seed of the chance in probes, ejections and picks. Default: drawn per process, so that nodes do not probe in step.</summary>
    public int Seed { get; set; } = Guid.NewGuid().GetHashCode();
}
