using System.Text.Json.Nodes;
using BlazeGateway.Api.Access;

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
        if (report.LastReloadSucceeded)
        {
            await AdminAnswers.JsonAsync(context, StatusCodes.Status200OK, Describe(report));
        }
        else
        {
            await AdminProblem.WriteAsync(
                context, AdminError.ConfigurationInvalid, "The new configuration is invalid; the last good one stays in effect.", report.Errors);
        }
    }

    private static JsonObject Describe(ConfigurationReport report) => new()
    {
        ["applied"] = report.IsApplied,
        ["lastReloadSucceeded"] = report.LastReloadSucceeded,
        ["version"] = report.Version,
        ["appliedAt"] = report.AppliedAt,
        ["sources"] = Array(report.Sources),
        ["errors"] = Array(report.Errors),
    };

    private static JsonArray Array(IEnumerable<string> lines) => new([.. lines.Select(line => (JsonNode)line)]);
}
