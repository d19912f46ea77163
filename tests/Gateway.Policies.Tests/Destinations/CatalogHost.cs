using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.Pipeline.Connections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Prometheus;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.Destinations;

/// <summary>YARP with a model catalog, as the gateway puts them together.</summary>
internal sealed class CatalogHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private CatalogHost(WebApplication app, LogLines log)
    {
        _app = app;
        Log = log;
    }

    public LogLines Log { get; }

    public ModelCatalog Catalog => _app.Services.GetRequiredService<ModelCatalog>();

    public CatalogSnapshot Current => Catalog.Current;

    public LoadReports Reports => _app.Services.GetRequiredService<LoadReports>();

    public AvailabilityRegistry Availability => _app.Services.GetRequiredService<AvailabilityRegistry>();

    public static Task<CatalogHost> StartAsync(TimeProvider time, ModelCatalogOptions options, params ClusterConfig[] clusters) =>
        StartAsync(time, options, int.MaxValue, clusters);

    /// <param name="sockets">Connections to destinations the process may have.</param>
    public static async Task<CatalogHost> StartAsync(TimeProvider time, ModelCatalogOptions options, int sockets, params ClusterConfig[] clusters)
    {
        var log = new LogLines();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Debug).AddProvider(log);
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(time);
        builder.Services.AddReverseProxy().LoadFromMemory([], clusters);
        builder.Services.AddSingleton(new DestinationSockets(sockets));
        builder.Services.AddSingleton<IForwarderHttpClientFactory, ClusterConnectionsFactory>();
        builder.Services.AddSingleton(Metrics.NewCustomRegistry());
        builder.Services.AddStrategies();
        builder.Services.AddDestinationAvailability(seed: static () => 1, seriesLimit: static () => 2048);
        builder.Services.AddModelCatalog(options, seed: static () => 1);
        builder.Services.AddLoadReports(seed: static () => 1, seriesLimit: static () => 2048);
        var app = builder.Build();
        app.MapReverseProxy();
        var host = new CatalogHost(app, log);
        await app.StartAsync();
        return host;
    }

    public static ClusterConfig Cluster(string id, ClusterExtensions extensions, params (string Id, string Address)[] destinations) =>
        ExtensionsCarrier.Attach(
            new ClusterConfig
            {
                ClusterId = id,
                Destinations = destinations.ToDictionary(d => d.Id, d => new DestinationConfig { Address = d.Address }, StringComparer.Ordinal),
            },
            extensions);

    /// <summary>Model servers that are asked for their models and nothing else.</summary>
    public static ClusterExtensions Kind(string kind, params string[] models) =>
        new() { ModelServer = new ModelServerOptions { Kind = kind, Models = [.. models] }, Health = new HealthOptions { Probe = false } };

    /// <summary>Model servers that are probed too.</summary>
    public static ClusterExtensions Probed(string kind) => new() { ModelServer = new ModelServerOptions { Kind = kind } };

    public void Update(params ClusterConfig[] clusters) =>
        _app.Services.GetRequiredService<InMemoryConfigProvider>().Update([], clusters);

    public ClusterState Cluster(string cluster)
    {
        Assert.True(_app.Services.GetRequiredService<IProxyStateLookup>().TryGetCluster(cluster, out var state));
        return state;
    }

    public DestinationState Destination(string cluster, string id) => Cluster(cluster).DestinationsState.AllDestinations.Single(d => d.DestinationId == id);

    public string StateOf(string cluster, string id) => Availability.Of(Destination(cluster, id)).Word.State.Name();

    public DestinationLoad Load(string cluster, string id) => Availability.Of(Destination(cluster, id)).Load;

    public async Task<string> MetricsAsync()
    {
        using var stream = new MemoryStream();
        await _app.Services.GetRequiredService<CollectorRegistry>().CollectAndExportAsTextAsync(stream);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Waits until <paramref name="condition"/> holds for the snapshot, at most 30 s.</summary>
    public async Task<CatalogSnapshot> UntilAsync(Func<CatalogSnapshot, bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition(Current))
        {
            Assert.False(deadline.IsCancellationRequested, "The catalog did not come to the expected state; log: " + string.Join('\n', Log.Lines));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }

        return Current;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
