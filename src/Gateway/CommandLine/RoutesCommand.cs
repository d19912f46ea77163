using System.CommandLine;
using System.Text.Json;
using BlazeGateway.Configuration;
using BlazeGateway.Policies;
using Spectre.Console;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze routes</c>: what is served by whom.</summary>
internal static class RoutesCommand
{
    private static readonly Option<string?> Config = ConfigurationArguments.Config();
    private static readonly Option<string> Format = ConfigurationArguments.Format();

    internal static Command Create()
    {
        var command = new Command("routes", "Lists routes with their clusters, destinations and models.") { Config, Format };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (await ConfigurationArguments.LoadAsync(parsed.GetValue(Config)) is not { Snapshot: { } snapshot })
        {
            return ExitCodes.InvalidConfiguration;
        }

        var rows = snapshot.Routes.OrderBy(static route => route.Order ?? 0).Select(route => Row(route, snapshot)).ToArray();
        if (parsed.GetValue(Format) == "json")
        {
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(rows, ConfigurationArguments.Json).AsMemory(), cancellationToken);
            return ExitCodes.Ok;
        }

        var table = new Table().Border(TableBorder.Simple).AddColumns("route", "methods", "path", "cluster", "destinations", "models");
        foreach (var row in rows)
        {
            var destinations = row.Clusters.SelectMany(static cluster => cluster.Destinations.Select(pair => $"{pair.Key} {pair.Value}"));
            table.AddRow(
                new Text(row.Route),
                new Text(row.Methods.Count == 0 ? "any" : string.Join(' ', row.Methods)),
                new Text(row.Path ?? string.Join(' ', row.Hosts)),
                new Text(string.Join('\n', row.Clusters.Select(static cluster => cluster.Cluster))),
                new Text(string.Join('\n', destinations)),
                new Text(row.Models.Count == 0 ? "all" : string.Join('\n', row.Models)));
        }

        AnsiConsole.Write(table);
        return ExitCodes.Ok;
    }

    private static RouteRow Row(RouteConfig route, RoutesSnapshot snapshot)
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
            [.. clusters.Select(static cluster => new ClusterRow(
                cluster.ClusterId,
                ExtensionsCarrier.Read(cluster).ModelServer?.Kind,
                cluster.Destinations!.ToDictionary(static pair => pair.Key, static pair => pair.Value.Address, StringComparer.OrdinalIgnoreCase)))],
            [.. models.Keys.Order(StringComparer.Ordinal)]);
    }

    private sealed record RouteRow(
        string Route, int Order, IReadOnlyList<string> Methods, IReadOnlyList<string> Hosts, string? Path, IReadOnlyList<ClusterRow> Clusters, IReadOnlyList<string> Models);

    private sealed record ClusterRow(string Cluster, string? ModelServer, IReadOnlyDictionary<string, string> Destinations);
}
