using System.Text.Json.Nodes;
using BlazeGateway.Api.Access;
using Microsoft.AspNetCore.Authentication;
using Yarp.ReverseProxy;

namespace BlazeGateway.Api;

/// <summary>
/// Whether traffic should be sent here: a configuration is in effect, at least one route has an available destination, and the process is not stopping.
/// Reads what is known; it never calls a destination.
/// </summary>
internal sealed class Readiness(AdminPorts ports, IProxyStateLookup proxy)
{
    public Task WriteReadyAsync(HttpContext context)
    {
        var checks = new (string Name, bool Passed, string Detail)[]
        {
            ("configuration", ports.Configuration().IsApplied, "a configuration is in effect"),
            ("destinations", HasAvailableDestination(), "at least one route has an available destination"),
            ("draining", !ports.IsDraining(), "the process is not stopping"),
        };
        var failed = System.Array.FindAll(checks, check => !check.Passed);
        var statusCode = failed.Length == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        if (!context.Request.Query.ContainsKey("verbose"))
        {
            return AdminAnswers.TextAsync(context, statusCode, failed.Length == 0 ? "ready" : "not ready: " + string.Join(", ", failed.Select(check => check.Name)));
        }

        // Whether it is ready is for everybody, what the clusters are called is not.
        if (AdminTokenHandler.CallerOf(context) is null)
        {
            return context.ChallengeAsync(AdminTokenHandler.SchemeName);
        }

        var body = new JsonObject
        {
            ["ready"] = failed.Length == 0,
            ["checks"] = new JsonArray([.. checks.Select(check => new JsonObject { ["name"] = check.Name, ["passed"] = check.Passed, ["rule"] = check.Detail })]),
            ["clusters"] = Clusters(),
        };
        return AdminAnswers.JsonAsync(context, statusCode, body);
    }

    /// <summary>Whether the process works; nothing outside of it counts.</summary>
    public Task WriteAliveAsync(HttpContext context) => ports.StuckBecause() is { } cause
        ? AdminAnswers.TextAsync(context, StatusCodes.Status503ServiceUnavailable, "stuck: " + cause)
        : AdminAnswers.TextAsync(context, StatusCodes.Status200OK, "ok");

    public Task WriteStartedAsync(HttpContext context) => ports.Configuration().IsApplied
        ? AdminAnswers.TextAsync(context, StatusCodes.Status200OK, "started")
        : AdminAnswers.TextAsync(context, StatusCodes.Status503ServiceUnavailable, "starting: no configuration is in effect yet");

    private bool HasAvailableDestination() => proxy.GetRoutes().Any(route => route.Cluster?.DestinationsState.AvailableDestinations.Count > 0);

    private JsonObject Clusters()
    {
        var clusters = new JsonObject();
        foreach (var cluster in proxy.GetClusters().OrderBy(cluster => cluster.ClusterId, StringComparer.Ordinal))
        {
            clusters[cluster.ClusterId] = new JsonObject
            {
                ["available"] = cluster.DestinationsState.AvailableDestinations.Count,
                ["destinations"] = cluster.DestinationsState.AllDestinations.Count,
            };
        }

        return clusters;
    }
}
