using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BlazeGateway.Demo.ModelServer.Faults;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>
/// Paths no real server has: <c>POST /__sim/fault</c> with a plan as text replaces the faults (empty: none), <c>GET /__sim/stats</c> tells what reached the server,
/// <c>POST /__sim/reset</c> empties prefix cache and statistics.
/// </summary>
internal sealed class SimulatorPaths(ServerContext server)
{
    public Task HandleAsync(HttpContext http, string path) => (http.Request.Method, path) switch
    {
        ("POST", "/__sim/fault") => SetAsync(http),
        ("DELETE", "/__sim/fault") => ApplyAsync(http, FaultPlan.None),
        ("POST", "/__sim/reset") => ResetAsync(http),
        ("GET", "/__sim/stats") => Replies.JsonAsync(http, 200, Stats()),
        _ => Replies.NotFoundAsync(http),
    };

    private async Task SetAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(http.RequestAborted);
        try
        {
            await ApplyAsync(http, FaultPlan.Parse(text));
        }
        catch (FormatException e)
        {
            await Replies.JsonAsync(http, 400, new JsonObject { ["error"] = e.Message, ["grammar"] = FaultPlan.Grammar }.ToJsonString());
        }
    }

    private async Task ApplyAsync(HttpContext http, FaultPlan plan)
    {
        server.Faults.Set(plan);
        await Replies.JsonAsync(http, 200, $$"""{"rules":{{plan.Rules.Length}}}""");
        await http.Response.CompleteAsync();
        server.FaultsChanged();
    }

    private async Task ResetAsync(HttpContext http)
    {
        await server.Engine.ResetAsync().WaitAsync(http.RequestAborted);
        server.Stats.Reset();
        await Replies.JsonAsync(http, 200, "{}");
    }

    private string Stats()
    {
        var engine = server.Engine.Engine;
        var stats = server.Stats;
        return new JsonObject
        {
            ["name"] = server.Options.Name,
            ["kind"] = server.Options.Kind,
            ["requests"] = stats.Requests,
            ["completed"] = stats.Completed,
            ["cancelled"] = stats.Cancelled,
            ["faulted"] = stats.Faulted,
            ["in_flight"] = stats.InFlight,
            ["running"] = engine.Running,
            ["waiting"] = server.Engine.Waiting,
            ["kv_usage"] = Math.Round(engine.KvUsage, 4),
            ["answered"] = engine.Totals.Answered,
            ["busy_seconds"] = Math.Round(engine.Totals.BusyNanoseconds / 1e9, 6),
            ["prompt_tokens"] = engine.Totals.PromptTokens,
            ["generated_tokens"] = engine.Totals.GeneratedTokens,
            ["discarded_tokens"] = engine.Totals.DiscardedTokens,
            ["prefix_query_tokens"] = engine.Totals.PrefixQueries,
            ["prefix_hit_tokens"] = engine.Totals.PrefixHits,
            ["preemptions"] = engine.Totals.Preemptions,
            ["cancellations"] = new JsonArray([.. stats.Cancellations.TakeLast(1000).Select(at => (JsonNode)at.ToString("O"))]),
            ["recent"] = new JsonArray([.. stats.Recent.Select(Row)]),
        }.ToJsonString(JsonSerializerOptions.Web);
    }

    private static JsonNode Row(SeenRequest request) => new JsonObject
    {
        ["method"] = request.Method,
        ["target"] = request.Target,
        ["at"] = request.At.ToString("O"),
        ["body_bytes"] = request.BodyBytes,
        ["body_sha256"] = request.BodySha256,
        ["headers"] = new JsonObject(request.Headers.Select(h => KeyValuePair.Create(h.Key, (JsonNode?)h.Value))),
    };
}
