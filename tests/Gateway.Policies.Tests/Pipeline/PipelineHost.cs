using System.Collections.Concurrent;
using System.Net;
using System.Text;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Prometheus;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>A YARP application with the gateway's policies behind real Kestrel: one catch-all route <c>all</c> to one cluster <c>llm</c> unless the test says more.</summary>
internal sealed class PipelineHost : IAsyncDisposable, IAccessLog
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly WebApplication _app;

    private PipelineHost(Action<GatewayPoliciesOptions> configure, TimeProvider time, RouteConfig[] routes, ClusterConfig[] clusters)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(static kestrel => kestrel.Limits.MinRequestBodyDataRate = null);
        builder.Services.AddRouting();
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(_registry);
        builder.Services.AddSingleton<IAccessLog>(this);
        builder.Services.AddReverseProxy().LoadFromMemory(routes, clusters).AddGatewayPolicies(configure);
        _app = builder.Build();
        IApplicationBuilder pipeline = _app;
        pipeline.UseRouting();
        pipeline.UseEndpoints(endpoints => endpoints.MapReverseProxy(proxy => proxy.UseGatewayPolicies()));
        pipeline.UseUnmatchedRequests();
    }

    public HttpClient Http { get; private set; } = null!;

    /// <summary>Records of finished requests.</summary>
    public ConcurrentQueue<AccessRecord> Records { get; } = [];

    public PermitTable Permits => _app.Services.GetRequiredService<PermitTable>();

    public BodyBudget Bodies => _app.Services.GetRequiredService<BodyBudget>();

    public PlanCache Plans => _app.Services.GetRequiredService<PlanCache>();

    public IProxyStateLookup State => _app.Services.GetRequiredService<IProxyStateLookup>();

    public static async Task<PipelineHost> StartAsync(
        RouteConfig[] routes, ClusterConfig[] clusters, Action<GatewayPoliciesOptions>? configure = null, TimeProvider? time = null)
    {
        var host = new PipelineHost(configure ?? (_ => { }), time ?? TimeProvider.System, routes, clusters);
        await host._app.StartAsync();
        host.Http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(host._app.Urls.Single()), Timeout = TimeSpan.FromMinutes(2) };
        return host;
    }

    public static Task<PipelineHost> StartAsync(
        HeldDestination destination, RouteExtensions? route = null, ClusterExtensions? cluster = null, Action<GatewayPoliciesOptions>? configure = null, TimeProvider? time = null) =>
        StartAsync([Route("all", "/{**rest}", route)], [Cluster(destination, cluster)], configure, time);

    public static RouteConfig Route(string id, string path, RouteExtensions? extensions = null) =>
        ExtensionsCarrier.Attach(new RouteConfig { RouteId = id, ClusterId = "llm", Match = new RouteMatch { Path = path } }, extensions ?? new());

    public static ClusterConfig Cluster(HeldDestination destination, ClusterExtensions? extensions = null) => ExtensionsCarrier.Attach(
        new ClusterConfig { ClusterId = "llm", Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal) { ["d"] = new() { Address = destination.Address } } },
        extensions ?? new());

    /// <summary>Applies another configuration and waits until it is in effect.</summary>
    public async Task ReloadAsync(RouteConfig[] routes, ClusterConfig[] clusters)
    {
        _app.Services.GetRequiredService<InMemoryConfigProvider>().Update(routes, clusters);
        await UntilAsync(() => routes.All(route => State.TryGetRoute(route.RouteId, out var model) && model.Config.Equals(route))
            && clusters.All(cluster => State.TryGetCluster(cluster.ClusterId, out var state) && state.Model.Config.Equals(cluster)));
    }

    /// <summary>A request; <paramref name="headers"/> as <c>name: value</c>.</summary>
    public async Task<HttpResponseMessage> SendAsync(string path, string[]? headers = null, string? body = null, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        foreach (var header in headers ?? [])
        {
            request.Headers.TryAddWithoutValidation(header.Split(": ")[0], header.Split(": ")[1]);
        }

        return await Http.SendAsync(request, cancellationToken);
    }

    /// <summary>Sends and returns status and error code (empty without).</summary>
    public async Task<(HttpStatusCode Status, string Code)> AskAsync(string path, string[]? headers = null, string? body = null)
    {
        using var response = await SendAsync(path, headers, body);
        return (response.StatusCode, response.Headers.TryGetValues("X-Blaze-Error", out var codes) ? codes.Single() : "");
    }

    public async Task<string> MetricsAsync()
    {
        using var stream = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Waits until no permit is taken: a request is settled a moment after its answer is complete.</summary>
    public Task FreeAsync() => UntilAsync(() => Permits.Taken == 0);

    public static async Task UntilAsync(Func<bool> condition)
    {
        // Looks are counted, not seconds: a machine that stands still for a while misses none.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        for (var look = 0; !condition(); look++)
        {
            Assert.True(look < 15_000, "What was waited for did not happen in 15,000 looks.");
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    void IAccessLog.Write(in AccessRecord record) => Records.Enqueue(record);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
