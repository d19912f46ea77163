using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.Pipeline.Connections;
using BlazeGateway.Policies.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Prometheus;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>How a simulated gateway is configured.</summary>
/// <param name="Cluster">The cluster's extensions.</param>
/// <param name="Route">The route's extensions.</param>
/// <param name="Strategy">Name of the strategy.</param>
/// <param name="Hosts">Hosts by destination id.</param>
internal sealed record SimulatedSetup(ClusterExtensions Cluster, RouteExtensions Route, string Strategy, SortedDictionary<string, string> Hosts)
{
    /// <summary>Destinations <c>d0</c>, <c>d1</c> ...</summary>
    public static SortedDictionary<string, string> Several(int count) =>
        new(Enumerable.Range(0, count).ToDictionary(i => $"d{i}", i => $"d{i}", StringComparer.Ordinal), StringComparer.Ordinal);
}

/// <summary>
/// The whole gateway as an application builds it, YARP's configuration and forwarder included, in simulated time and on one thread. Three things are not the
/// product's: the servers, in the place of sockets; the server in front, whose requests <see cref="SimulatedExchange"/> brings; and probes, see <see cref="SimulatedProbes"/>.
/// </summary>
internal sealed class SimulatedGateway : IAccessLog, IForwarderHttpClientFactory, IEndpointRouteBuilder, IDisposable
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, ClientDirectory.SecretLength).Select(i => (byte)i)];

    private readonly ServiceProvider _services;
    private readonly Dictionary<string, SimulatedTicket> _running = new(StringComparer.Ordinal);
    private readonly Random _random;
    private readonly InMemoryConfigProvider _configuration;

    public SimulatedGateway(SimulatedSetup setup, int seed)
    {
        _random = new Random(seed);
        Setup = setup;
        Time = new SimulatedTime();
        Probes = new SimulatedProbes(this, new Random(~seed));
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddRouting();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton(Metrics.NewCustomRegistry());
        services.AddSingleton<IAccessLog>(this);
        services.AddReverseProxy().LoadFromMemory([Route(setup)], [Cluster(setup)]).AddGatewayPolicies(options => options.Seed = seed);
        services.Replace(ServiceDescriptor.Singleton<IForwarderHttpClientFactory>(this));

        // Whose secret is drawn by chance, and with it who is placed where by hashing.
        services.Replace(ServiceDescriptor.Singleton(new ClientDirectory(new ClientsOptions(), Secret)));
        services.Replace(ServiceDescriptor.Singleton(provider => new ProgressSweep(
            provider.GetRequiredService<AvailabilityRegistry>(),
            new ProgressPorts(Probes.IsProbed, Probes.Ask, provider.GetRequiredService<DeadlineSweep>().Tell),
            Time)));
        _services = services.BuildServiceProvider();
        Registry = _services.GetRequiredService<AvailabilityRegistry>();
        _configuration = _services.GetRequiredService<InMemoryConfigProvider>();
        this.MapReverseProxy(static proxy => proxy.UseGatewayPolicies());
        State = _services.GetRequiredService<IProxyStateLookup>().TryGetCluster("llm", out var cluster) ? cluster : throw new InvalidOperationException("There is no cluster.");
        Availability = Registry.Clusters().Single();
        Plan = _services.GetRequiredService<PlanCache>().For(State);
        Probes.Begin();
    }

    /// <summary>Called when an attempt reaches a server.</summary>
    public Action<SimulatedTicket, SimulatedAttempt>? Arrived { get; set; }

    /// <summary>Called when a request is settled.</summary>
    public Action<SimulatedTicket>? Settled { get; set; }

    public SimulatedTime Time { get; }

    public SimulatedSetup Setup { get; private set; }

    public SimulatedProbes Probes { get; }

    public AvailabilityRegistry Registry { get; }

    public Dictionary<string, SimulatedServer> Servers { get; } = new(StringComparer.Ordinal);

    /// <summary>Every request there was.</summary>
    public List<SimulatedTicket> Tickets { get; } = [];

    /// <summary>Requests that are not settled.</summary>
    public IReadOnlyCollection<SimulatedTicket> Running => _running.Values;

    public ClusterState State { get; }

    public ClusterAvailability Availability { get; }

    public ClusterPlan Plan { get; private set; }

    public PermitTable Permits => _services.GetRequiredService<PermitTable>();

    public BodyBudget Bodies => _services.GetRequiredService<BodyBudget>();

    public RequestContextPool Contexts => _services.GetRequiredService<RequestContextPool>();

    public IServiceProvider ServiceProvider => _services;

    public ICollection<EndpointDataSource> DataSources { get; } = [];

    public DestinationAvailability this[string id] => Registry.Of(State.Destinations[id]);

    /// <summary>The server at an address, made at first sight.</summary>
    public SimulatedServer Server(string host)
    {
        if (!Servers.TryGetValue(host, out var server))
        {
            Servers.Add(host, server = new SimulatedServer(host, Time, new Random(_random.Next())));
        }

        return server;
    }

    /// <summary>A client sends <paramref name="request"/>.</summary>
    public SimulatedTicket Send(SimulatedRequest request)
    {
        var exchange = new SimulatedExchange($"r{Tickets.Count}", request);
        var ticket = new SimulatedTicket(request, exchange, Time.Now) { MostAttempts = Setup.Route.Retry.MaxAttempts, MayContinue = Setup.Route.Continuation.Enabled && Setup.Cluster.ModelServer is not null };
        Tickets.Add(ticket);
        _running.Add(exchange.Id, ticket);
        var endpoint = DataSources.Single().Endpoints.Single();
        exchange.Http.SetEndpoint(endpoint);
        ticket.Work = WorkAsync(endpoint.RequestDelegate!, exchange);
        return ticket;
    }

    /// <summary>The configuration changes, by way of YARP.</summary>
    public void Reconfigure(SimulatedSetup setup)
    {
        Setup = setup;
        var cluster = Cluster(setup);
        _configuration.Update([Route(setup)], [cluster]);
        if (!State.Model.Config.Equals(cluster))
        {
            throw new InvalidOperationException("YARP did not take the configuration at once.");
        }

        Plan = _services.GetRequiredService<PlanCache>().For(State);
        Probes.Begin();
    }

    public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(_services);

    void IAccessLog.Write(in AccessRecord record)
    {
        var ticket = Tickets[int.Parse(record.RequestId.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture)];
        ticket.Settled++;
        ticket.Record = record;
        ticket.SettledAt = Time.Now;
        _running.Remove(record.RequestId);
        Settled?.Invoke(ticket);
    }

    HttpMessageInvoker IForwarderHttpClientFactory.CreateClient(ForwarderHttpClientContext context) => context.OldClient ?? new ClusterConnections(new Sockets(this));

    public void Dispose() => _services.Dispose();

    private static RouteConfig Route(SimulatedSetup setup) =>
        ExtensionsCarrier.Attach(new RouteConfig { RouteId = "all", ClusterId = "llm", Match = new RouteMatch { Path = "/{**rest}" } }, setup.Route);

    private static ClusterConfig Cluster(SimulatedSetup setup) => ExtensionsCarrier.Attach(
        new ClusterConfig
        {
            ClusterId = "llm",
            LoadBalancingPolicy = setup.Strategy,
            Destinations = setup.Hosts.ToDictionary(pair => pair.Key, pair => new DestinationConfig { Address = $"http://{pair.Value}/" }, StringComparer.Ordinal),
        },
        setup.Cluster);

    private static async Task WorkAsync(RequestDelegate pipeline, SimulatedExchange exchange)
    {
        try
        {
            await pipeline(exchange.Http);
        }
        catch (AnswerCutException)
        {
            // What a server does to a request whose application throws.
            exchange.WasCut = true;
        }
    }

    private async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var ticket = _running[request.Headers.NonValidated["X-Request-Id"].ToString()];
        var server = Server(request.RequestUri!.Host);
        var destination = ticket.Exchange.Http.GetReverseProxyFeature().ProxiedDestination!;
        var attempt = new SimulatedAttempt(destination, server, server.Mood, Time.Now);
        Arrived?.Invoke(ticket, attempt);
        ticket.Attempts.Add(attempt);
        return await server.AnswerAsync(request, () => attempt.HasEnded = true, cancellation);
    }

    /// <summary>Stands where connections would be.</summary>
    private sealed class Sockets(SimulatedGateway gateway) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => gateway.AskAsync(request, cancellationToken);
    }
}
