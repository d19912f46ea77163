using System.CommandLine;
using System.Text.Json;
using BlazeGateway.Configuration.Explain;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze explain</c>: what would happen to a request, and why.</summary>
internal static class ExplainCommand
{
    private static readonly Option<string?> Config = ConfigurationArguments.Config();
    private static readonly Option<string> Format = ConfigurationArguments.Format();
    private static readonly Option<string> RequestPath = new("--path") { Description = "Path of the request, with its query if it matters.", Required = true };
    private static readonly Option<string?> Model = new("--model") { Description = "Model the request names." };
    private static readonly Option<string> Method = new("--method") { Description = "Method of the request.", DefaultValueFactory = static _ => "POST" };
    private static readonly Option<string> Host = new("--host") { Description = "Host header of the request.", DefaultValueFactory = static _ => "localhost" };
    private static readonly Option<string[]> Header = new("--header") { Description = "Header of the request, \"Name: value\"; repeatable." };

    internal static Command Create()
    {
        var command = new Command("explain", "Tells which route, cluster, destinations and limits a request gets, and why the other routes do not get it.")
        {
            Config, Format, RequestPath, Model, Method, Host, Header,
        };
        command.Validators.Add(static result =>
        {
            if (result.GetValue(RequestPath) is { } path && !path.StartsWith('/'))
            {
                result.AddError($"--path is '{path}'; a path begins with /, for example /v1/chat/completions.");
            }
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (await ConfigurationArguments.LoadAsync(parsed.GetValue(Config)) is not { Snapshot: { } snapshot })
        {
            return ExitCodes.InvalidConfiguration;
        }

        var headers = (parsed.GetValue(Header) ?? []).Select(static header => header.Split(':', 2, StringSplitOptions.TrimEntries))
            .Select(static parts => KeyValuePair.Create(parts[0], parts.Length > 1 ? parts[1] : "")).ToArray();
        var request = new ExplainedRequest(parsed.GetValue(Method)!.ToUpperInvariant(), parsed.GetValue(RequestPath)!, parsed.GetValue(Host)!, headers);
        var explanation = await Explanation.CreateAsync(snapshot, request, parsed.GetValue(Model));
        if (parsed.GetValue(Format) == "json")
        {
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(explanation, ConfigurationArguments.Json).AsMemory(), cancellationToken);
        }
        else
        {
            Print(explanation);
        }

        return explanation.Problem is null ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void Print(Explanation explanation)
    {
        var output = Console.Out;
        output.WriteLine($"route         {explanation.Route ?? "none"}");
        output.WriteLine($"cluster       {explanation.Cluster ?? "none"}");
        if (explanation.Problem is not null)
        {
            output.WriteLine($"problem       {explanation.Problem}");
        }

        if (explanation.Rewrite is not null)
        {
            output.WriteLine($"model sent    {explanation.Rewrite}");
        }

        if (explanation.Fallback.Count > 0)
        {
            output.WriteLine($"fallback      {string.Join(", ", explanation.Fallback)}");
        }

        foreach (var (id, address) in explanation.Destinations)
        {
            output.WriteLine($"destination   {id} {address}");
        }

        foreach (var (name, value) in explanation.Limits)
        {
            output.WriteLine($"limit         {name} {value}");
        }

        foreach (var verdict in explanation.Routes)
        {
            output.WriteLine($"{(verdict.Wins ? "serves it     " : "does not      ")}{verdict.RouteId}: {verdict.Reason}");
        }
    }
}
