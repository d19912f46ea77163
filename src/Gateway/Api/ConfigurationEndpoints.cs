using System.Text.Json.Nodes;
using BlazeGateway.Api.Access;
using BlazeGateway.Configuration.Reload;

namespace BlazeGateway.Api;

/// <summary><c>/api/v1/config</c>: what is in effect, and reading it again.</summary>
internal sealed class ConfigurationEndpoints(AdminPorts ports)
{
    public Task WriteAsync(HttpContext context)
    {
        var body = Describe(ports.Configuration());
        body["effective"] = ports.EffectiveConfiguration();
        return AdminAnswers.JsonAsync(context, StatusCodes.Status200OK, body);
    }

    public async Task ReloadAsync(HttpContext context)
    {
        var report = await ports.Reload(context.RequestAborted);
        if (report.Outcome == ReloadOutcome.Rejected)
        {
            await AdminProblem.WriteAsync(
                context, AdminError.ConfigurationInvalid, "The new configuration is invalid; the last good one stays in effect.", report.Configuration.Errors);
            return;
        }

        var body = Describe(report.Configuration);
        body["outcome"] = report.Outcome == ReloadOutcome.Applied ? "applied" : "unchanged";
        body["changes"] = new JsonArray([.. report.Changes.Select(change => new JsonObject { ["change"] = change.Change, ["kind"] = change.Kind, ["id"] = change.Id })]);
        await AdminAnswers.JsonAsync(context, StatusCodes.Status200OK, body);
    }

    private static JsonObject Describe(ConfigurationReport report) => new()
    {
        ["applied"] = report.IsApplied,
        ["lastReloadSucceeded"] = report.LastReloadSucceeded,
        ["version"] = report.Version,
        ["appliedAt"] = report.AppliedAt,
        ["sources"] = Array(report.Sources),
        ["needsRestart"] = Array(report.NeedsRestart),
        ["errors"] = Array(report.Errors),
    };

    private static JsonArray Array(IEnumerable<string> lines) => new([.. lines.Select(line => (JsonNode)line)]);
}
