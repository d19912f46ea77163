using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using BlazeGateway.Api.Access;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy;

namespace BlazeGateway.Api;

/// <summary>The decisions of strategies: the newest of them, or the one of a request.</summary>
internal sealed class DecisionEndpoints(AdminPorts ports, IProxyStateLookup proxy)
{
    /// <summary>Path of the list; the request's id follows it.</summary>
    public const string Path = "/api/v1/decisions";

    /// <summary>Decisions listed unless asked for more.</summary>
    public const int DefaultLimit = 100;

    private const string Lines = "application/x-ndjson";
    private const string Off = "No decisions are recorded: Telemetry:Decisions:Keep is 0. Set it to 1024, say, and start the gateway again.";

    private static readonly string[] Parameters = ["limit", "cluster", "destination"];

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapRead(Path, ListAsync).RequireRole(AdminRole.Viewer);
        endpoints.MapRead(Path + "/{**request}", FindAsync).RequireRole(AdminRole.Viewer);
    }

    private Task ListAsync(HttpContext context)
    {
        var query = context.Request.Query;
        if (query.Keys.FirstOrDefault(key => !Parameters.Contains(key, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            return Bad(context, $"'{AdminProblem.Shown(unknown)}' cannot be asked for; ask for limit, cluster or destination.");
        }

        var limit = DefaultLimit;
        if (query.TryGetValue("limit", out var wished)
            && (!int.TryParse(wished.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > DecisionRecorder.MostKept))
        {
            return Bad(context, $"limit is '{AdminProblem.Shown(wished.ToString())}'; it must be a whole number from 1 to {DecisionRecorder.MostKept}, or be left out for {DefaultLimit}.");
        }

        var (cluster, destination) = ((string?)query["cluster"], (string?)query["destination"]);
        if (Missing(cluster, destination) is var (error, detail))
        {
            return AdminProblem.WriteAsync(context, error, detail);
        }

        var found = ports.Decisions?.Read(limit, decision => Is(cluster, decision.Names.Cluster) && Is(destination, decision.Destination)) ?? [];
        return WantsLines(context)
            ? LinesAsync(context, found)
            : AdminAnswers.JsonAsync(context, new DecisionList(ports.Decisions?.Kept ?? 0, ports.Decisions?.Made ?? 0, found), DecisionJson.Readable.DecisionList);
    }

    private Task FindAsync(HttpContext context)
    {
        var id = (string)context.Request.RouteValues["request"]!;
        if (ports.Decisions is not { Kept: > 0 } recorder)
        {
            return AdminProblem.WriteAsync(context, AdminError.DecisionNotFound, Off);
        }

        return recorder.Of(id) is { } decision
            ? AdminAnswers.JsonAsync(context, decision, DecisionJson.Readable.DecisionReport)
            : AdminProblem.WriteAsync(
                context,
                AdminError.DecisionNotFound,
                $"There is no decision for request '{AdminProblem.Shown(id)}' among the last {recorder.Kept}; it is older, or the request never came to a pick. Take the id from the header X-Request-Id of its answer, or keep more by Telemetry:Decisions:Keep.");
    }

    /// <summary>One decision a line, as <c>blaze replay</c> reads them.</summary>
    private static async Task LinesAsync(HttpContext context, IReadOnlyList<DecisionReport> found)
    {
        context.Response.ContentType = Lines;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        foreach (var decision in found)
        {
            await context.Response.WriteAsync(JsonSerializer.Serialize(decision, DecisionJson.Lines.DecisionReport) + "\n", context.RequestAborted);
        }
    }

    private static bool WantsLines(HttpContext context) =>
        MediaTypeHeaderValue.TryParseList(context.Request.Headers.Accept, out var accepted)
        && accepted.Any(static type => type.MediaType.Equals(Lines, StringComparison.OrdinalIgnoreCase) && type.Quality is not 0);

    private static Task Bad(HttpContext context, string detail) => AdminProblem.WriteAsync(context, AdminError.InvalidRequest, detail);

    private static bool Is(string? wanted, string? name) => wanted is null || string.Equals(wanted, name, StringComparison.OrdinalIgnoreCase);

    /// <summary>What is asked for and not there; null when all is.</summary>
    private (AdminError Error, string Detail)? Missing(string? cluster, string? destination)
    {
        var clusters = proxy.GetClusters().Where(known => Is(cluster, known.ClusterId)).ToList();
        if (cluster is not null && clusters.Count == 0)
        {
            return (AdminError.ClusterNotFound, $"There is no cluster '{AdminProblem.Shown(cluster)}'; name one of: {AdminProblem.List(proxy.GetClusters().Select(known => known.ClusterId))}.");
        }

        var destinations = clusters.SelectMany(known => known.Destinations.Keys).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        return destination is null || destinations.Contains(destination, StringComparer.OrdinalIgnoreCase)
            ? null
            : (AdminError.DestinationNotFound, $"There is no destination '{AdminProblem.Shown(destination)}'{(cluster is null ? "" : $" in cluster '{clusters[0].ClusterId}'")}; name one of: {AdminProblem.List(destinations)}.");
    }
}

/// <summary>The answer of <c>/api/v1/decisions</c>.</summary>
/// <param name="Kept">Decisions kept at most; 0 when none are recorded.</param>
/// <param name="Made">Decisions made since the start.</param>
/// <param name="Decisions">Those asked for, newest first.</param>
internal sealed record DecisionList(int Kept, long Made, IReadOnlyList<DecisionReport> Decisions);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(DecisionList))]
[JsonSerializable(typeof(DecisionReport))]
internal sealed partial class DecisionJson : JsonSerializerContext
{
    /// <summary>For people.</summary>
    public static DecisionJson Readable { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true });

    /// <summary>One a line, without what is not known.</summary>
    public static DecisionJson Lines { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull });
}
