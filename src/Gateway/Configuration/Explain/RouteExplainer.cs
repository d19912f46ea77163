using System.Diagnostics;
using Microsoft.AspNetCore.Routing.Patterns;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Explain;

/// <summary>
/// Finds the route of a request with ASP.NET Core's own routing over the routes' patterns, methods and hosts, so that the answer is the one a
/// running gateway gives. No listener and no proxy is started. Each route that lost is tried alone, to tell why.
/// </summary>
internal sealed class RouteExplainer(IReadOnlyList<RouteConfig> routes)
{
    /// <summary>One verdict per route, the winner first. No winner means 404, or 405 when only methods stood in the way.</summary>
    public async Task<IReadOnlyList<RouteVerdict>> ExplainAsync(ExplainedRequest request)
    {
        var possible = routes.Where(route => RequirementCheck.Unmet(route.Match, request) is null).ToArray();
        var winner = await WinnerAsync(possible, request);
        var verdicts = new List<RouteVerdict>();
        foreach (var route in routes)
        {
            verdicts.Add(ReferenceEquals(route, winner)
                ? new RouteVerdict(route.RouteId, Wins: true, $"matches {Describe(route)}")
                : new RouteVerdict(route.RouteId, Wins: false, await WhyNotAsync(route, winner, request)));
        }

        return [.. verdicts.OrderByDescending(static verdict => verdict.Wins)];
    }

    private static async Task<string> WhyNotAsync(RouteConfig route, RouteConfig? winner, ExplainedRequest request)
    {
        if (RequirementCheck.Unmet(route.Match, request) is { } unmet)
        {
            return unmet;
        }

        if (await WinnerAsync([route], request) is not null)
        {
            return winner is null ? "matches as well as another route; give one of them a lower Order" : WhyBehind(route, winner);
        }

        var path = new ExplainedRequest(route.Match.Methods is { Count: > 0 } methods ? methods[0] : request.Method, request.Path, request.Host, request.Headers);
        if (await WinnerAsync([route], path) is not null)
        {
            return $"answers {string.Join(", ", route.Match.Methods!)} only";
        }

        var anyHost = route with { Match = route.Match with { Hosts = null, Path = route.Match.Path ?? "/{**rest}" } };
        return await WinnerAsync([anyHost], path) is not null
            ? $"answers for {string.Join(", ", route.Match.Hosts!)} only"
            : $"its path {route.Match.Path} does not match";
    }

    private static string WhyBehind(RouteConfig route, RouteConfig winner)
    {
        var (order, winnerOrder) = (route.Order ?? 0, winner.Order ?? 0);
        if (order != winnerOrder)
        {
            return $"matches too, but its Order {order} comes after {winnerOrder}";
        }

        var pattern = RoutePatternFactory.Parse(route.Match.Path ?? "/{**rest}");
        var winnerPattern = RoutePatternFactory.Parse(winner.Match.Path ?? "/{**rest}");
        return pattern.InboundPrecedence != winnerPattern.InboundPrecedence
            ? $"matches too, but its path {route.Match.Path ?? "(any)"} is less specific than {winner.Match.Path}"
            : "matches too, but asks for less (methods, host, headers or query)";
    }

    private static string Describe(RouteConfig route)
    {
        var methods = route.Match.Methods is { Count: > 0 } list ? string.Join('|', list) : "any method";
        var hosts = route.Match.Hosts is { Count: > 0 } names ? $" for {string.Join(", ", names)}" : "";
        return $"{route.Match.Path ?? "any path"} ({methods}){hosts}, Order {route.Order ?? 0}";
    }

    private static async Task<RouteConfig?> WinnerAsync(IReadOnlyList<RouteConfig> among, ExplainedRequest request)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddMetrics();
        services.AddRouting();
        using var listener = new DiagnosticListener("BlazeGateway.Explain");
        services.AddSingleton(listener);
        await using var provider = services.BuildServiceProvider();
        var app = new ApplicationBuilder(provider);
        app.UseRouting();
        app.UseEndpoints(endpoints => endpoints.DataSources.Add(new DefaultEndpointDataSource(among.Select(ToEndpoint))));
        var context = request.ToContext();
        context.RequestServices = provider;
        try
        {
            await app.Build()(context);
        }
        catch (Exception e) when (e.GetType().Name == "AmbiguousMatchException")
        {
            return null;
        }

        return context.GetEndpoint()?.Metadata.GetMetadata<RouteConfig>();
    }

    private static Endpoint ToEndpoint(RouteConfig route)
    {
        var pattern = RoutePatternFactory.Parse(string.IsNullOrEmpty(route.Match.Path) ? "/{**catchall}" : route.Match.Path);
        var builder = new RouteEndpointBuilder(static _ => Task.CompletedTask, pattern, route.Order ?? 0);
        builder.Metadata.Add(route);
        if (route.Match.Methods is { Count: > 0 } methods)
        {
            builder.Metadata.Add(new HttpMethodMetadata(methods));
        }

        if (route.Match.Hosts is { Count: > 0 } hosts)
        {
            builder.Metadata.Add(new HostAttribute([.. hosts]));
        }

        return builder.Build();
    }
}
