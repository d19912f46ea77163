using System.CommandLine;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Benchmarks.Load;

/// <summary>
/// The baseline: what a few lines of YARP at its defaults do. One route that takes everything, one cluster, logging at Warning.
/// <c>GET /__allocated</c> answers with the bytes allocated since the start.
/// </summary>
internal static class MinimalYarp
{
    public const string AllocatedPath = "/__allocated";

    public static RootCommand Create()
    {
        var url = new Option<string>("--url") { Description = "Address to listen on.", Required = true };
        var destination = new Option<string[]>("--destination") { Description = "Where everything goes; repeatable.", Required = true };
        var policy = new Option<string?>("--policy") { Description = "YARP's load balancing policy. Default: YARP's own, PowerOfTwoChoices." };
        var health = new Option<bool>("--health") { Description = "YARP's own health checks: active on /health each second, and passive. Default: none." };
        var command = new RootCommand("A reverse proxy of a few lines of YARP, as a baseline.") { url, destination, policy, health };
        command.SetAction(async (arguments, cancellation) =>
        {
            await using var app = Build(arguments.GetRequiredValue(url), arguments.GetRequiredValue(destination), arguments.GetValue(policy), arguments.GetValue(health));
            await app.RunAsync(cancellation);
            return 0;
        });
        return command;
    }

    private static WebApplication Build(string url, string[] destinations, string? policy, bool isChecked)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(url);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "all", Match = new RouteMatch { Path = "{**rest}" } }],
            [
                new ClusterConfig
                {
                    ClusterId = "all",
                    LoadBalancingPolicy = policy,
                    HealthCheck = isChecked ? Checks() : null,
                    Destinations = destinations.Index().ToDictionary(one => $"d{one.Index}", one => new DestinationConfig { Address = one.Item }, StringComparer.Ordinal),
                },
            ]);
        var app = builder.Build();
        app.MapGet(AllocatedPath, () => GC.GetTotalAllocatedBytes(precise: true).ToString(CultureInfo.InvariantCulture));
        app.MapReverseProxy();
        return app;
    }

    private static HealthCheckConfig Checks() => new()
    {
        Active = new ActiveHealthCheckConfig { Enabled = true, Interval = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(1), Policy = "ConsecutiveFailures", Path = "/health" },
        Passive = new PassiveHealthCheckConfig { Enabled = true, Policy = "TransportFailureRate" },
    };
}
