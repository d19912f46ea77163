using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze reload</c>: makes a running gateway read its files now.</summary>
internal static class ReloadCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly Option<string> AdminUrl = new("--admin-url") { Description = "Address of the admin listener.", DefaultValueFactory = static _ => "http://127.0.0.1:8090" };

    private static readonly Option<string?> Token = AdminToken.Option("an operator");
    private static readonly Option<string> Format = ConfigurationArguments.Format();

    internal static Command Create()
    {
        var command = new Command("reload", "Makes a running gateway read its configuration now; prints what changed, or why it was refused (exit 2).") { AdminUrl, Token, Format };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var url = parsed.GetValue(AdminUrl)!;
        if (!Uri.TryCreate(url.TrimEnd('/') + "/api/v1/config/reload", UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            await Console.Error.WriteLineAsync($"--admin-url is '{url}'; it must start with http:// or https://.");
            return ExitCodes.InvalidConfiguration;
        }

        using var client = await AdminToken.ClientAsync(parsed.GetValue(Token), Patience);
        if (client is null)
        {
            return ExitCodes.InvalidConfiguration;
        }

        using var content = new ByteArrayContent("{}"u8.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var response = await client.PostAsync(address, content, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            var shown = parsed.GetValue(Format) == "json" ? text
                : response.StatusCode == HttpStatusCode.Unauthorized ? $"{url} asks for a token it knows: give one by --token or the variable {AdminToken.Variable}; 'blaze token new' makes one."
                : Describe(text, response.IsSuccessStatusCode);
            await (response.IsSuccessStatusCode ? Console.Out : Console.Error).WriteLineAsync(shown.AsMemory(), cancellationToken);
            return response.StatusCode switch
            {
                HttpStatusCode.OK => ExitCodes.Ok,
                HttpStatusCode.UnprocessableEntity => ExitCodes.InvalidConfiguration,
                _ => ExitCodes.Failed,
            };
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"No gateway answers at {url} ({e.GetBaseException().Message}); name its admin listener with --admin-url.");
            return ExitCodes.Failed;
        }
    }

    /// <summary>The answer in lines: each change and what it will take effect at, or the reason and each error.</summary>
    private static string Describe(string text, bool succeeded)
    {
        try
        {
            var answer = JsonNode.Parse(text) as JsonObject;
            var changes = answer?["changes"] as JsonArray ?? [];
            var restart = answer?["needsRestart"] as JsonArray ?? [];
            var errors = answer?["errors"] as JsonArray ?? [];
            string[] lines =
            [
                succeeded ? Outcome(answer, changes.Count, restart.Count) : answer?["detail"]?.ToString() ?? "The configuration was refused.",
                .. changes.OfType<JsonObject>().Select(static change => $"  {change["change"]} {change["kind"]} {change["id"]}"),
                .. restart.Select(static key => $"  needs a restart: {key}"),
                .. errors.Select(static error => $"  {error}"),
            ];
            return string.Join(Environment.NewLine, lines);
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private static string Outcome(JsonObject? answer, int changes, int restart)
    {
        var except = restart == 0 ? "." : ", except of what is read at the start only.";
        if (answer?["outcome"]?.ToString() == "unchanged")
        {
            var at = DateTimeOffset.TryParse(answer["appliedAt"]?.ToString(), CultureInfo.InvariantCulture, out var applied)
                ? string.Create(CultureInfo.InvariantCulture, $", applied {applied.UtcDateTime:u}")
                : "";
            return $"Nothing changed since version {answer["version"]}{at}. It is what the files hold{except}";
        }

        return $"Version {answer?["version"]} is served: the configuration in the files{except}"
            + (changes == 0 ? " No route, cluster or destination differs." : "");
    }
}
