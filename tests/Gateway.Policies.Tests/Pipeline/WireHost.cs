using System.Net;
using System.Text;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.Pipeline.Connections;
using BlazeGateway.Policies.RateLimiting;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>The pipeline in a plain YARP application on real Kestrel, with a clock the test moves and an access log it reads.</summary>
internal sealed class WireHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CollectorRegistry _registry;
    private int _swaps;

    private WireHost(WebApplication app, FakeTimeProvider time, RecordList records, CollectorRegistry registry)
    {
        _app = app;
        Time = time;
        Records = records;
        _registry = registry;
    }

    public FakeTimeProvider Time { get; }

    public RecordList Records { get; }

    public Uri Http1 { get; private set; } = null!;

    public Uri Http2 { get; private set; } = null!;

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>Starts with these routes and clusters.</summary>
    public static async Task<WireHost> StartAsync(IReadOnlyList<RouteConfig> routes, IReadOnlyList<ClusterConfig> clusters, Action<IReverseProxyBuilder>? proxy = null, Action<GatewayPoliciesOptions>? configure = null)
    {
        var time = new FakeTimeProvider();
        var records = new RecordList();
        var registry = Metrics.NewCustomRegistry();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true).ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        var services = builder.Services;
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(100));
        services.AddRouting().AddRequestTimeouts();
        services.AddSingleton<TimeProvider>(time);
        services.AddSingleton<IAccessLog>(records);
        services.AddSingleton(registry);
        var yarp = services.AddReverseProxy().LoadFromMemory(routes, clusters).AddGatewayPolicies(configure);
        proxy?.Invoke(yarp);
        var app = builder.Build();
        app.UseRouting();
        app.UseRequestTimeouts();
        app.MapReverseProxy(pipeline => pipeline.UseGatewayPolicies());
        var host = new WireHost(app, time, records, registry);
        await app.StartAsync();
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address)).ToArray();
        (host.Http1, host.Http2) = (addresses[0], addresses[1]);
        return host;
    }

    /// <summary>A route for everything below <paramref name="path"/> whose <c>X-Case</c> is <paramref name="header"/>.</summary>
    public static RouteConfig Route(string id, RouteExtensions extensions, string cluster = "llm", string? header = null, string path = "/{**rest}") => ExtensionsCarrier.Attach(
        new RouteConfig
        {
            RouteId = id,
            ClusterId = cluster,
            Match = new RouteMatch
            {
                Path = path,
                Headers = header is null ? null : [new RouteHeader { Name = "X-Case", Values = [header] }],
            },
        },
        extensions);

    public static ClusterConfig Cluster(string id, params string[] addresses) => new()
    {
        ClusterId = id,
        Destinations = addresses.Index().ToDictionary(pair => $"d{pair.Index}", pair => new DestinationConfig { Address = pair.Item }, StringComparer.Ordinal),
    };

    public void Update(IReadOnlyList<RouteConfig> routes, IReadOnlyList<ClusterConfig> clusters) => Get<InMemoryConfigProvider>().Update(routes, clusters);

    public Task<Caller> CallAsync(string protocol) => Caller.CreateAsync(protocol, Http1, Http2);

    public ClusterState Cluster(string id)
    {
        Assert.True(Get<IProxyStateLookup>().TryGetCluster(id, out var cluster));
        return cluster;
    }

    /// <summary>Value of every sample of a metric, summed.</summary>
    public async Task<double> SumAsync(string metric)
    {
        using var stream = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(stream);
        return Encoding.UTF8.GetString(stream.ToArray()).Split('\n')
            .Where(line => line.StartsWith(metric, StringComparison.Ordinal) && (metric.EndsWith('}') || line[metric.Length] is ' ' or '{'))
            .Sum(line => double.Parse(line.AsSpan(line.LastIndexOf(' ')), System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Waits until so many requests were settled, then checks that nothing of them is left anywhere.</summary>
    public async Task RestAsync(int settled)
    {
        var pool = Get<RequestContextPool>();
        await Waiting.UntilAsync(
            () => Records.Count >= settled && pool.InFlight == 0,
            () => $"{Records.Count} of {settled} requests were settled and {pool.InFlight} are in flight.");
        Assert.Equal(settled, Records.Count);
        Assert.Equal(0, Get<BodyBudget>().Reserved);
        Assert.Equal(0, Get<PermitTable>().Taken);
        Assert.Equal(pool.Idle, Get<DeadlineSweep>().Count);
        Assert.Equal(0, await SumAsync("http_server_active_requests"));
        Assert.Equal(0, await SumAsync("blaze_destination_requests_in_flight"));
        Assert.Equal(0, await SumAsync("blaze_upgraded_connections"));
        Assert.Equal(0, await SumAsync("blaze_buffered_body_bytes"));
        Assert.Equal(settled, await SumAsync("blaze_requests_total"));
        foreach (var cluster in Get<IProxyStateLookup>().GetClusters())
        {
            Assert.All(cluster.DestinationsState.AllDestinations, destination => Assert.Equal(0, destination.ConcurrentRequestCount));
            await AssertNotHeldAsync(cluster);
        }
    }

    public Task StopAsync() => _app.StopAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>Connections that are swapped are disposed of at once when no request holds them.</summary>
    private async Task AssertNotHeldAsync(ClusterState cluster)
    {
        var connections = (ClusterConnections)cluster.Model.HttpClient;
        var generation = connections.Hold();
        generation.Release();
        var config = new HttpClientConfig { MaxConnectionsPerServer = 1000 + (++_swaps % 2) };
        Get<IForwarderHttpClientFactory>().CreateClient(new ForwarderHttpClientContext
        {
            ClusterId = cluster.ClusterId,
            OldClient = connections,
            OldConfig = HttpClientConfig.Empty,
            OldMetadata = cluster.Model.Config.Metadata,
            NewConfig = config,
            NewMetadata = cluster.Model.Config.Metadata,
        });

        // A question of the gateway's own may be under way.
        await Waiting.UntilAsync(() => generation.IsDisposed, () => $"Connections of cluster '{cluster.ClusterId}' are still held.");
    }
}
