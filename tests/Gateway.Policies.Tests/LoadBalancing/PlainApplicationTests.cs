using System.Collections.Concurrent;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Prometheus;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.LoadBalancing;

namespace BlazeGateway.Policies.Tests.LoadBalancing;

/// <summary>The strategies in an application that keeps YARP's own pipeline, with a step that takes its time after the pick.</summary>
public sealed class PlainApplicationTests
{
    [Theory]
    [InlineData(Strategies.LeastConnections)]
    [InlineData(Strategies.LeastRequests)]
    public async Task A_burst_is_spread_although_something_waits_between_pick_and_sending(string policy)
    {
        await using var destination = await StartDestinationAsync();
        var picked = new ConcurrentQueue<string>();
        await using var app = await StartAsync(policy, destination.Urls.Single(), destinations: 4, async (http, next) =>
        {
            picked.Enqueue(http.GetReverseProxyFeature().AvailableDestinations.Single().DestinationId);
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            await next(http);
        });
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => client.GetStringAsync("/x")));
        var counts = picked.CountBy(id => id, StringComparer.Ordinal).Select(pair => pair.Value).ToArray();
        Assert.Equal((4, 40), (counts.Length, counts.Sum()));
        Assert.InRange(counts.Max() - counts.Min(), 0, Math.Max(2, Environment.ProcessorCount));
        await AssertRestAsync(app);
    }

    [Fact]
    public async Task Where_one_destination_is_left_yarp_asks_no_strategy_and_nothing_is_given_back()
    {
        await using var destination = await StartDestinationAsync();
        await using var app = await StartAsync(Strategies.LeastConnections, destination.Urls.Single(), destinations: 1, (http, next) => next(http));
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => client.GetStringAsync("/x")));
        await AssertRestAsync(app);
    }

    [Fact]
    public async Task Every_strategy_is_there_once_by_its_name()
    {
        await using var destination = await StartDestinationAsync();
        await using var app = await StartAsync(Strategies.RoundRobin, destination.Urls.Single(), destinations: 2, (http, next) => next(http));
        var names = app.Services.GetServices<ILoadBalancingPolicy>().Select(policy => policy.Name).Order(StringComparer.Ordinal);
        Assert.Equal(
            ["ConsistentHash", "FirstAlphabetical", "LeastConnections", "LeastLoaded", "LeastRequests", "LeastResponseTime", "PowerOfTwoChoices", "Random", "RoundRobin", "WeightedRoundRobin"],
            names,
            StringComparer.Ordinal);
    }

    private static async Task<WebApplication> StartDestinationAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(http => http.Response.WriteAsync("ok"));
        await app.StartAsync();
        return app;
    }

    private static async Task<WebApplication> StartAsync(string policy, string address, int destinations, Func<HttpContext, RequestDelegate, Task> step)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        builder.Services.AddSingleton(Metrics.NewCustomRegistry());
        builder.Services.AddReverseProxy()
            .LoadFromMemory(
                [new RouteConfig { RouteId = "all", ClusterId = "c", Match = new RouteMatch { Path = "/{**rest}" } }],
                [
                    new ClusterConfig
                    {
                        ClusterId = "c",
                        LoadBalancingPolicy = policy,
                        Destinations = Enumerable.Range(0, destinations).ToDictionary(i => "d" + i, i => new DestinationConfig { Address = $"{address}/{i}/" }, StringComparer.Ordinal),
                    },
                ])
            .AddGatewayPolicies();
        var app = builder.Build();
        app.UseRouting();
        app.MapReverseProxy(proxy =>
        {
            proxy.UseSessionAffinity();
            proxy.UseLoadBalancing();
            proxy.Use(next => http => step(http, next));
        });
        await app.StartAsync();
        return app;
    }

    private static async Task AssertRestAsync(WebApplication app)
    {
        Assert.True(app.Services.GetRequiredService<IProxyStateLookup>().TryGetCluster("c", out var cluster));
        var registry = app.Services.GetRequiredService<AvailabilityRegistry>();
        var loads = cluster!.Destinations.Values.Select(destination => registry.Of(destination).Load).ToArray();
        await Pipeline.Wire.Waiting.UntilAsync(() => loads.All(load => load.InFlight == 0), () => "Places were not given back.");
        Assert.All(loads, load => Assert.Equal(0, load.InFlight));
    }
}
