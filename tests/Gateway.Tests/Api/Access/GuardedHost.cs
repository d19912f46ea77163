using System.Globalization;
using System.Text.Json.Nodes;
using BlazeGateway.Api;
using BlazeGateway.Api.Access;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Configuration.Reload;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using Microsoft.AspNetCore.Routing;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Tests.Api.Access;

/// <summary>An admin plane with a token of each role and one that has expired.</summary>
internal sealed class GuardedHost : IAsyncDisposable
{
    private static readonly RouteConfig[] Routes = [new RouteConfig { RouteId = "chat", ClusterId = "llm", Match = new RouteMatch { Path = "/v1/{**rest}" } }];

    private static readonly ClusterConfig[] Clusters =
    [
        new ClusterConfig
        {
            ClusterId = "llm",
            Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal) { ["gpu-a"] = new() { Address = "http://127.0.0.1:9/" } },
        },
    ];

    private readonly AdminHost _host;

    private GuardedHost(AdminHost host, Ledger ledger)
    {
        _host = host;
        Reloads = ledger;
    }

    /// <summary>Texts of the tokens, by name: <c>viewer</c>, <c>operator</c>, <c>admin</c>, <c>expired</c>.</summary>
    public static IReadOnlyDictionary<string, string> Tokens { get; } =
        new[] { "viewer", "operator", "admin", "expired" }.ToDictionary(name => name, _ => AdminTokenText.Create(), StringComparer.Ordinal);

    public Uri Address => _host.Client.BaseAddress!;

    public HttpClient Client => _host.Client;

    public AdminHost Host => _host;

    public Ledger Reloads { get; }

    public static async Task<GuardedHost> StartAsync(
        Func<AdminOptions, AdminOptions>? change = null, Action<IEndpointRouteBuilder>? more = null, bool refuseReload = false)
    {
        var ledger = new Ledger();
        var ports = new AdminPorts
        {
            Configuration = () => new ConfigurationReport(IsApplied: true, LastReloadSucceeded: true),
            Reload = _ =>
            {
                ledger.Count++;
                var report = new ConfigurationReport(IsApplied: true, LastReloadSucceeded: !refuseReload) { Errors = refuseReload ? ["routes.json:1:1 wrong"] : [] };
                return Task.FromResult(new ReloadReport(report, refuseReload ? ReloadOutcome.Rejected : ReloadOutcome.Applied, []));
            },
            EffectiveConfiguration = () => new JsonObject(),
            Decisions = Decided("one"),
            Destinations = cluster => [.. cluster.Destinations.Keys.Select(Report)],
            SetDraining = (cluster, destination, _) => cluster.Destinations.ContainsKey(destination),
            Isolate = (cluster, destination) => cluster.Destinations.ContainsKey(destination),
            Reset = (cluster, destination) => cluster.Destinations.ContainsKey(destination),
        };
        var options = new AdminOptions { Tokens = Tokens.ToDictionary(pair => pair.Key, pair => Entry(pair.Key, pair.Value), StringComparer.OrdinalIgnoreCase) };
        return new GuardedHost(await AdminHost.StartAsync(ports, Routes, Clusters, change is null ? options : change(options), more), ledger);
    }

    private static DecisionRecorder Decided(string request)
    {
        var recorder = new DecisionRecorder(1, TimeProvider.System);
        var slot = recorder.Begin()!;
        slot.Decision.Names = new DecisionNames(request, "chat", "llm", null, "RoundRobin");
        slot.Decision.Arm = -1;
        slot.Publish();
        return recorder;
    }

    private static DestinationReport Report(string destination) =>
        new(destination, "http://127.0.0.1:9/", "up", Available: true, "assumed", "nothing speaks against it", default, Weight: 1, Ejections: 0, null, null, InFlight: 0);

    /// <summary>A configuration's entry for a token; the one named <c>expired</c> expired long ago.</summary>
    public static AdminTokenOptions Entry(string name, string token, DateTimeOffset? expires = null) => new()
    {
        Hash = Convert.ToHexString(AdminTokenText.HashOf(token)),
        Role = name == "expired" ? "admin" : name,
        Expires = name == "expired" ? DateTimeOffset.Parse("1999-12-31T00:00:00Z", CultureInfo.InvariantCulture) : expires,
    };

    /// <summary>Sends a request with the token of <paramref name="name"/>, or none.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? name = null, HttpContent? content = null, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (name is not null)
        {
            request.Headers.Authorization = new("Bearer", Tokens[name]);
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, TestContext.Current.CancellationToken);
        return await Client.SendAsync(request, either.Token);
    }

    /// <summary>Value of the refusals counter.</summary>
    public async Task<double> RefusedAsync(string reason)
    {
        using var answer = await SendAsync(HttpMethod.Get, "/metrics", "viewer");
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var line = text.Split('\n').Single(line => line.StartsWith($"blaze_admin_refusals_total{{reason=\"{reason}\"}} ", StringComparison.Ordinal));
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>How often the one action there is was carried out.</summary>
    internal sealed class Ledger
    {
        public int Count { get; set; }
    }
}
