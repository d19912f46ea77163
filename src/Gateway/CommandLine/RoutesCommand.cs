using System.CommandLine;
using System.Text.Json;
using BlazeGateway.Api;
using BlazeGateway.Configuration;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Health;
using Spectre.Console;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze routes</c>: what is served by whom.</summary>
internal static class RoutesCommand
{
    private static readonly string[] Columns = ["route", "methods", "path", "cluster", "destinations", "models"];
    private static readonly Option<string?> Config = ConfigurationArguments.Config();
    private static readonly Option<string?> AdminUrl = new("--admin-url")
    {
        Description = "Admin address of a running gateway, whose states are shown. Default: the configuration's own, if it answers.",
    };

    private static readonly Option<string?> Token = AdminToken.Option("a viewer");
    private static readonly Option<string> Format = ConfigurationArguments.Format();

    internal static Command Create()
    {
        var command = new Command("routes", "Lists routes with their clusters, destinations and models, and the states of the destinations when the gateway runs.") { Config, AdminUrl, Token, Format };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (await ConfigurationArguments.LoadAsync(parsed.GetValue(Config)) is not { Snapshot: { } snapshot } loaded)
        {
            return ExitCodes.InvalidConfiguration;
        }

        var named = parsed.GetValue(AdminUrl);
        var admin = RunningGateway.Reachable(named ?? loaded.Loaded.ReadProcessOptions().Admin.Url);
        if (admin is null && named is not null)
        {
            await Console.Error.WriteLineAsync($"--admin-url is '{named}'; it must be an address with a port, such as http://127.0.0.1:8090.");
            return ExitCodes.InvalidConfiguration;
        }

        using var client = await AdminToken.ClientAsync(parsed.GetValue(Token), RunningGateway.Patience);
        if (client is null)
        {
            return ExitCodes.InvalidConfiguration;
        }

        var (report, failure) = admin is null ? (null, null) : await RunningGateway.AskAsync(client, admin, cancellationToken);
        if (report is null && named is not null)
        {
            await Console.Error.WriteLineAsync($"No gateway answers at {named} ({failure}); name its admin listener with --admin-url.");
            return ExitCodes.Failed;
        }

        var rows = snapshot.Routes.OrderBy(static route => route.Order ?? 0).Select(route => Row(route, snapshot, report)).ToArray();
        if (parsed.GetValue(Format) == "json")
        {
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(rows, ConfigurationArguments.Json).AsMemory(), cancellationToken);
            return ExitCodes.Ok;
        }

        Print(rows);
        return ExitCodes.Ok;
    }

    /// <summary>A table for people; for programs one line for each route, cells separated by tabs and what a cell lists by commas.</summary>
    private static void Print(IReadOnlyList<RouteRow> rows)
    {
        var cells = rows.Select(static row => (string[][])
        [
            [row.Route],
            [row.Methods.Count == 0 ? "any" : string.Join(' ', row.Methods)],
            [row.Path ?? string.Join(' ', row.Hosts)],
            [.. row.Clusters.Select(static cluster => cluster.Cluster)],
            [.. row.Clusters.SelectMany(static cluster => cluster.Destinations.Select(pair => $"{pair.Key} {pair.Value}{Shown(cluster, pair.Key)}"))],
            row.Models.Count == 0 ? ["all"] : [.. row.Models],
        ]);
        if (Console.IsOutputRedirected)
        {
            Console.Out.WriteLine(string.Join('\t', Columns));
            foreach (var row in cells)
            {
                Console.Out.WriteLine(string.Join('\t', row.Select(static cell => string.Join(", ", cell))));
            }

            return;
        }

        var table = new Table().Border(TableBorder.Simple).AddColumns(Columns);
        foreach (var row in cells)
        {
            table.AddRow(row.Select(static cell => new Text(string.Join('\n', cell))));
        }

        AnsiConsole.Write(table);
    }

    private static RouteRow Row(RouteConfig route, RoutesSnapshot snapshot, LoadBalancerReport? report)
    {
        var models = ExtensionsCarrier.Read(route).Models;
        var ids = models.Values.Select(static model => model.Cluster).Prepend(route.ClusterId).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase);
        var clusters = ids.Select(id => snapshot.Clusters.First(cluster => string.Equals(cluster.ClusterId, id, StringComparison.OrdinalIgnoreCase)));
        return new RouteRow(
            route.RouteId,
            route.Order ?? 0,
            route.Match.Methods ?? [],
            route.Match.Hosts ?? [],
            route.Match.Path,
            [.. clusters.Select(cluster => new ClusterRow(
                cluster.ClusterId,
                ExtensionsCarrier.Read(cluster).ModelServer?.Kind,
                cluster.Destinations!.ToDictionary(static pair => pair.Key, static pair => pair.Value.Address, StringComparer.OrdinalIgnoreCase),
                States(cluster, report),
                KeysRefused(cluster, report),
                Cooling(cluster, report)))],
            [.. models.Keys.Order(StringComparer.Ordinal)]);
    }

    /// <summary>States of the destinations that the running gateway has under the same ids.</summary>
    private static Dictionary<string, string>? States(ClusterConfig cluster, LoadBalancerReport? report) =>
        Running(cluster, report)?.ToDictionary(static known => known.Destination, static known => known.State, StringComparer.OrdinalIgnoreCase);

    /// <summary>Those of them that refuse the gateway's key, with the status they answer.</summary>
    private static Dictionary<string, int>? KeysRefused(ClusterConfig cluster, LoadBalancerReport? report) =>
        Running(cluster, report)?.Where(static known => known.KeyRefused is not null)
            .ToDictionary(static known => known.Destination, static known => known.KeyRefused!.Value, StringComparer.OrdinalIgnoreCase);

    /// <summary>Those of them that are left alone because they answered 429, with the seconds left.</summary>
    private static Dictionary<string, double>? Cooling(ClusterConfig cluster, LoadBalancerReport? report) =>
        Running(cluster, report)?.Where(static known => known.CoolingSeconds is not null)
            .ToDictionary(static known => known.Destination, static known => known.CoolingSeconds!.Value, StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<DestinationReport>? Running(ClusterConfig cluster, LoadBalancerReport? report) => report?.Clusters
        .FirstOrDefault(known => string.Equals(known.Cluster, cluster.ClusterId, StringComparison.OrdinalIgnoreCase))?.Destinations
        .Where(known => cluster.Destinations!.ContainsKey(known.Destination));

    private static string Shown(ClusterRow cluster, string destination)
    {
        if (cluster.States?.TryGetValue(destination, out var state) != true)
        {
            return "";
        }

        var key = cluster.KeysRefused!.TryGetValue(destination, out var status) ? $", key refused: {status}" : "";
        var cooling = cluster.Cooling!.TryGetValue(destination, out var left) ? FormattableString.Invariant($", cooling: {Math.Ceiling(left)} s") : "";
        return $" ({state}{key}{cooling})";
    }

    private sealed record RouteRow(
        string Route, int Order, IReadOnlyList<string> Methods, IReadOnlyList<string> Hosts, string? Path, IReadOnlyList<ClusterRow> Clusters, IReadOnlyList<string> Models);

    private sealed record ClusterRow(
        string Cluster,
        string? ModelServer,
        IReadOnlyDictionary<string, string> Destinations,
        IReadOnlyDictionary<string, string>? States,
        IReadOnlyDictionary<string, int>? KeysRefused,
        IReadOnlyDictionary<string, double>? Cooling);
}
