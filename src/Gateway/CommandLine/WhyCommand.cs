using System.CommandLine;
using System.Net;
using System.Text.Json;
using BlazeGateway.Api;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze why</c>: why a request went where it went.</summary>
internal static class WhyCommand
{
    private static readonly Argument<string> Request = new("request-id") { Description = "Id of the request: the header X-Request-Id of its answer, or the access log's." };
    private static readonly Option<string> AdminUrl = new("--admin-url") { Description = "Address of the admin listener.", DefaultValueFactory = static _ => "http://127.0.0.1:8090" };
    private static readonly Option<string?> Token = AdminToken.Option("a viewer");
    private static readonly Option<string> Format = ConfigurationArguments.Format();

    internal static Command Create()
    {
        var command = new Command("why", "Tells why a request went to its destination: the candidates as they were, what was predicted, and what came of it.") { Request, AdminUrl, Token, Format };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var url = parsed.GetValue(AdminUrl)!;
        var id = string.Join('/', parsed.GetValue(Request)!.Split('/').Select(static part => Uri.EscapeDataString(part).Replace("%3A", ":", StringComparison.Ordinal).Replace("%2B", "+", StringComparison.Ordinal).Replace("%3D", "=", StringComparison.Ordinal)));
        if (!Uri.TryCreate($"{url.TrimEnd('/')}{DecisionEndpoints.Path}/{id}", UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            await Console.Error.WriteLineAsync($"--admin-url is '{url}'; it must start with http:// or https://.");
            return ExitCodes.InvalidConfiguration;
        }

        using var client = await AdminToken.ClientAsync(parsed.GetValue(Token), RunningGateway.Patience);
        if (client is null)
        {
            return ExitCodes.InvalidConfiguration;
        }

        try
        {
            using var answer = await client.GetAsync(address, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                await Console.Error.WriteLineAsync(RunningGateway.Refusal(url, answer.StatusCode, text).AsMemory(), cancellationToken);
                return ExitCodes.Failed;
            }

            var shown = parsed.GetValue(Format) == "json" ? text : DecisionText.Of(JsonSerializer.Deserialize(text, DecisionJson.Default.DecisionReport)!);
            await Console.Out.WriteAsync(shown.AsMemory(), cancellationToken);
            return ExitCodes.Ok;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            await Console.Error.WriteLineAsync($"No gateway answers at {url} ({e.GetBaseException().Message}); name its admin listener with --admin-url.");
            return ExitCodes.Failed;
        }
    }
}
