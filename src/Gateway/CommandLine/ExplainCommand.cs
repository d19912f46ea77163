using System.CommandLine;
using System.Text.Json;
using BlazeGateway.Api;
using BlazeGateway.Configuration.Explain;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.Pipeline;

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

    private static readonly Option<string?> AdminUrl = new("--admin-url")
    {
        Description = "Admin address of a running gateway, asked for what its strategy thinks now. Default: the configuration's own, if it answers.",
    };

    private static readonly Option<string?> Token = AdminToken.Option("a viewer");

    internal static Command Create()
    {
        var command = new Command("explain", "Tells which route, cluster, destinations and limits a request gets, and why the other routes do not get it.")
        {
            Config, Format, RequestPath, Model, Method, Host, Header, AdminUrl, Token,
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
        if (await ConfigurationArguments.LoadAsync(parsed.GetValue(Config)) is not { Snapshot: { } snapshot } loaded)
        {
            return ExitCodes.InvalidConfiguration;
        }

        var headers = (parsed.GetValue(Header) ?? []).Select(static header => header.Split(':', 2, StringSplitOptions.TrimEntries))
            .Select(static parts => KeyValuePair.Create(parts[0], parts.Length > 1 ? parts[1] : "")).ToArray();
        var request = new ExplainedRequest(parsed.GetValue(Method)!.ToUpperInvariant(), parsed.GetValue(RequestPath)!, parsed.GetValue(Host)!, headers);
        var explanation = await Explanation.CreateAsync(snapshot, request, parsed.GetValue(Model));
        var (running, exit) = await AskAsync(parsed, loaded.Loaded.ReadProcessOptions().Admin.Url, explanation, cancellationToken);
        if (exit is { } failed)
        {
            return failed;
        }

        if (parsed.GetValue(Format) == "json")
        {
            var json = JsonSerializer.SerializeToNode(explanation, ConfigurationArguments.Json)!.AsObject();
            json["running"] = running is null ? null : JsonSerializer.SerializeToNode(running, LoadBalancerJson.Default.ClusterReport);
            await Console.Out.WriteLineAsync(json.ToJsonString(ConfigurationArguments.Json).AsMemory(), cancellationToken);
        }
        else
        {
            Print(explanation);
            Print(running);
        }

        return explanation.Problem is null ? ExitCodes.Ok : ExitCodes.Failed;
    }

    /// <summary>What a running gateway thinks of the cluster; an exit code when one was named that does not answer.</summary>
    private static async Task<(ClusterReport? Report, int? Exit)> AskAsync(ParseResult parsed, string setting, Explanation explanation, CancellationToken cancellationToken)
    {
        var named = parsed.GetValue(AdminUrl);
        var admin = RunningGateway.Reachable(named ?? setting);
        if (admin is null)
        {
            if (named is not null)
            {
                await Console.Error.WriteLineAsync($"--admin-url is '{named}'; it must be an address with a port, such as http://127.0.0.1:8090.");
            }

            return (null, named is null ? null : ExitCodes.InvalidConfiguration);
        }

        using var client = await AdminToken.ClientAsync(parsed.GetValue(Token), RunningGateway.Patience);
        if (client is null)
        {
            return (null, ExitCodes.InvalidConfiguration);
        }

        var (report, failure) = await RunningGateway.AskAsync(client, admin, cancellationToken);
        if (report is null && named is not null)
        {
            await Console.Error.WriteLineAsync($"No gateway answers at {named} ({failure}); name its admin listener with --admin-url.");
            return (null, ExitCodes.Failed);
        }

        var its = report?.Clusters.FirstOrDefault(cluster => string.Equals(cluster.Cluster, explanation.Cluster, StringComparison.OrdinalIgnoreCase));
        if (report is not null && its is null && named is not null && explanation.Cluster is { } wanted)
        {
            var known = string.Join(", ", report.Clusters.Select(cluster => $"'{cluster.Cluster}'"));
            await Console.Error.WriteLineAsync($"The gateway at {named} has no cluster '{wanted}', it has {known}: it runs another configuration; name the file it runs with --config.");
            return (null, ExitCodes.Failed);
        }

        return (its, null);
    }

    private static void Print(ClusterReport? running)
    {
        if (running is null)
        {
            return;
        }

        var output = Console.Out;
        output.WriteLine(FormattableString.Invariant($"running       {running.Strategy}, {running.Available} of {running.Destinations.Count} destinations available"));
        if (running is not { Strategy: Strategies.Adaptive, Adaptive: { } adaptive })
        {
            return;
        }

        var arm = adaptive.Arms.MaxBy(static arm => arm.Weight)!;
        output.WriteLine(FormattableString.Invariant($"arm           {arm.Arm} has the most rewards of late (mean {arm.MeanReward:0.###}); the cost model is {adaptive.State}"));
        foreach (var forecast in adaptive.Forecasts)
        {
            var words = forecast.PredictedSeconds is { } seconds ? FormattableString.Invariant($"{seconds:0.###} s, cost {forecast.Cost:0.###}") : "full";
            output.WriteLine(FormattableString.Invariant($"predicted     {forecast.Destination} {words} for a prompt of {forecast.PromptTokens} tokens"));
        }
    }

    private static void Print(Explanation explanation)
    {
        var output = Console.Out;
        output.WriteLine($"route         {explanation.Route ?? "none"}");
        output.WriteLine($"cluster       {explanation.Cluster ?? "none"}");
        if (explanation.Cluster is not null)
        {
            output.WriteLine($"strategy      {explanation.LoadBalancingPolicy ?? PlanCache.DefaultPolicy}");
        }

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
