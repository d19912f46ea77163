using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Prometheus;
using Yarp.ReverseProxy;

namespace BlazeGateway.Policies.Tests.LoadBalancing;

/// <summary>An application with YARP's own pipeline, configured by a section of its own, in front of real destinations d0, d1 and so on of cluster c.</summary>
internal sealed class PlainApp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<WebApplication> _destinations = [];

    private PlainApp(WebApplication app, IEnumerable<WebApplication> destinations)
    {
        _app = app;
        _destinations.AddRange(destinations);
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public DestinationLoad Load(string id) => Of(id).Load;

    public AvailabilityState State(string id) => Of(id).Word.State;

    /// <summary>Starts it.</summary>
    /// <param name="policy">The strategy; null names none.</param>
    /// <param name="destinations">What each destination does.</param>
    /// <param name="settings">More of the section, by path below the cluster.</param>
    /// <param name="add">What is added to the proxy; default: the policies with the section.</param>
    public static async Task<PlainApp> StartAsync(
        string? policy, RequestDelegate[] destinations, IEnumerable<KeyValuePair<string, string?>>? settings = null, Action<IReverseProxyBuilder, IConfiguration>? add = null)
    {
        var servers = new List<WebApplication>();
        var values = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["P:Routes:all:ClusterId"] = "c",
            ["P:Routes:all:Match:Path"] = "/{**rest}",
            ["P:Clusters:c:LoadBalancingPolicy"] = policy,
        };
        foreach (var destination in destinations)
        {
            values[$"P:Clusters:c:Destinations:d{servers.Count}:Address"] = (await ServeAsync(servers, destination)).Urls.Single();
        }

        foreach (var (key, value) in settings ?? [])
        {
            values["P:Clusters:c:" + key] = value;
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddInMemoryCollection(values);
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        builder.Services.AddSingleton(Metrics.NewCustomRegistry());
        var section = builder.Configuration.GetSection("P");
        var proxy = builder.Services.AddReverseProxy().LoadFromConfig(section);
        (add ?? (static (proxy, section) => proxy.AddGatewayPolicies(section, static options => options.Seed = 7)))(proxy, section);
        var app = builder.Build();
        app.UseRouting();
        try
        {
            app.MapReverseProxy();
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }

            throw;
        }

        return new PlainApp(app, servers);
    }

    /// <summary>Waits until nothing is in flight.</summary>
    public Task RestAsync() => Pipeline.Wire.Waiting.UntilAsync(
        () => Cluster.Destinations.Keys.All(id => Load(id).InFlight == 0),
        () => "Places were not given back: " + string.Join(", ", Cluster.Destinations.Keys.Select(id => $"{id} {Load(id).InFlight}")));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        foreach (var destination in _destinations)
        {
            await destination.DisposeAsync();
        }
    }

    public static async Task<WebApplication> ServeAsync(List<WebApplication> servers, RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        servers.Add(app);
        return app;
    }

    private Yarp.ReverseProxy.Model.ClusterState Cluster =>
        Services.GetRequiredService<IProxyStateLookup>().TryGetCluster("c", out var cluster) ? cluster : throw new InvalidOperationException("No cluster c.");

    private DestinationAvailability Of(string id) => Services.GetRequiredService<AvailabilityRegistry>().Of(Cluster.Destinations[id]);
}
