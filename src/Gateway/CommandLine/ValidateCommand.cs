using System.CommandLine;
using System.Text.Json;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Checks;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze validate</c>: every check of a start, without starting.</summary>
internal static class ValidateCommand
{
    private static readonly Option<string?> Config = ConfigurationArguments.Config();
    private static readonly Option<string> Format = ConfigurationArguments.Format();
    private static readonly Option<bool> Strict = new("--strict") { Description = "Exit 1 when there are warnings." };
    private static readonly Option<bool> Connect = new("--connect") { Description = "Ask every destination for its models, which costs nothing, and name those that do not answer." };

    internal static Command Create()
    {
        var command = new Command("validate", "Checks the configuration and exits 0 (valid), 1 (warnings, with --strict) or 2 (invalid).") { Config, Format, Strict, Connect };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (ConfigurationArguments.Find(parsed.GetValue(Config)) is not { } files)
        {
            return ExitCodes.InvalidConfiguration;
        }

        var result = await ConfigurationArguments.CheckAsync(files);
        var findings = result.Errors.ToList();
        if (result.Snapshot is { } snapshot && parsed.GetValue(Connect))
        {
            findings.AddRange(await DestinationProbe.ProbeAsync(result.Loaded.Root, snapshot, TimeProvider.System, cancellationToken));
        }

        await PrintAsync(parsed.GetValue(Format)!, files, result, findings);
        return result.Snapshot is null ? ExitCodes.InvalidConfiguration
            : parsed.GetValue(Strict) && findings.Count > 0 ? ExitCodes.Failed
            : ExitCodes.Ok;
    }

    private static async Task PrintAsync(string format, ConfigurationFiles files, CheckedConfiguration result, List<ConfigurationError> findings)
    {
        if (format == "json")
        {
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(new { valid = result.Snapshot is not null, hash = result.Loaded.Hash, findings }, ConfigurationArguments.Json));
            return;
        }

        foreach (var finding in findings)
        {
            await Console.Out.WriteLineAsync(finding.ToString());
        }

        var name = Path.GetRelativePath(Directory.GetCurrentDirectory(), files.Routes!);
        await Console.Error.WriteLineAsync(result.Snapshot is { } snapshot
            ? $"{name} is valid: {Count(snapshot.Routes.Count, "route")}, {Count(snapshot.Clusters.Count, "cluster")}, {Count(findings.Count, "warning")}."
            : $"{name} is not valid: {Count(findings.Count(static finding => finding.Severity == ErrorSeverity.Error), "error")}.");
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
