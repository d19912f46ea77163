using BlazeGateway.Configuration;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Hosting;

namespace BlazeGateway.EndToEnd;

/// <summary>A whole gateway in the test's process, on ports of the system's choice, in front of addresses the test names.</summary>
internal sealed class GatewayFixture : IAsyncDisposable
{
    private GatewayFixture(GatewayHost host)
    {
        Host = host;
        Proxy = BlazeProcess.NewClient(host.Listeners.ProxyAddresses[0]);
        Admin = BlazeProcess.NewClient(host.Listeners.AdminAddress);
    }

    public GatewayHost Host { get; }

    /// <summary>Talks to the listener of clients.</summary>
    public HttpClient Proxy { get; }

    /// <summary>Talks to the listener of operators.</summary>
    public HttpClient Admin { get; }

    /// <summary>Starts a gateway with this routes.json.</summary>
    public static async Task<GatewayFixture> StartAsync(string routes, TimeProvider? time = null, params (string Key, string Value)[] keys)
    {
        var host = await GatewayHost.CreateAsync(new GatewayHostOptions
        {
            Sources = new ConfigurationSources
            {
                Files = new ConfigurationFiles(),
                InMemoryRoutes = new RoutesText("test", routes),
                CommandLine =
                [
                    KeyValuePair.Create("Proxy:Urls", "http://127.0.0.1:0"),
                    KeyValuePair.Create("Admin:Url", "http://127.0.0.1:0"),
                    KeyValuePair.Create("Telemetry:AccessLog:Enabled", "false"),
                    .. keys.Select(pair => KeyValuePair.Create(pair.Key, pair.Value)),
                ],
            },
            Time = time ?? TimeProvider.System,
            ShutdownTimeout = TimeSpan.FromSeconds(5),
        });
        await host.StartAsync();
        return new GatewayFixture(host);
    }

    /// <summary>A gateway with one catch-all route to one cluster of model servers.</summary>
    public static Task<GatewayFixture> InFrontOfAsync(params ModelServerHost[] servers) =>
        StartAsync(Routes([.. servers.Select(server => server.Address)]));

    /// <summary>routes.json text for one catch-all route; <paramref name="route"/> and <paramref name="cluster"/> are the Extensions as JSON.</summary>
    public static string Routes(Uri[] destinations, string route = "{}", string cluster = """{ "ModelServer": { "Kind": "vllm" } }""") => $$"""
        {
          "ReverseProxy": {
            "Routes": { "all": { "ClusterId": "llm", "Match": { "Path": "/{**rest}" }, "Extensions": {{route}} } },
            "Clusters": {
              "llm": {
                "LoadBalancingPolicy": "RoundRobin", "Destinations": { {{string.Join(", ", destinations.Select((address, i) => $"\"d{i}\": {{ \"Address\": \"{address}\" }}"))}} },
                "Extensions": {{cluster}}
              }
            }
          }
        }
        """;

    public async ValueTask DisposeAsync()
    {
        Proxy.Dispose();
        Admin.Dispose();
        await Host.StopAsync();
        await Host.DisposeAsync();
    }
}
