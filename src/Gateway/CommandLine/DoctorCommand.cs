using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using BlazeGateway.CommandLine.Doctor;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Profiling.Collection;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze doctor</c>: looks at machine, configuration and destinations; one line each, with the fix.</summary>
internal static class DoctorCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private static readonly Option<string?> Config = new("--config") { Description = "routes.json to look at; an appsettings.json beside it is read too." };
    private static readonly Option<string> Format = new("--format") { Description = "text or json.", DefaultValueFactory = static _ => "text" };

    internal static Command Create()
    {
        Format.AcceptOnlyFromAmong("text", "json");
        var command = new Command("doctor", "Checks ports, limits, clock, configuration and destinations. Exit code 1 when something fails.") { Config, Format };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            ConfigurationFiles.Find(parsed.GetValue(Config), Directory.GetCurrentDirectory(), AppContext.BaseDirectory),
            parsed.GetValue(Format) == "json",
            parsed.InvocationConfiguration.Output,
            cancellationToken));
        return command;
    }

    /// <summary>Writes the findings to <paramref name="output"/> and returns the exit code.</summary>
    internal static async Task<int> RunAsync(ConfigurationFiles files, bool asJson, TextWriter output, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        var (process, clusters) = ReadConfiguration(files, findings);
        findings.AddRange(await PortCheck.RunAsync(process, cancellationToken));
        findings.AddRange(MachineCheck.Run(new MachineLimitsReader().Read(), System.Runtime.GCSettings.IsServerGC));
        findings.Add(MachineCheck.Runtime(RuntimeInformation.FrameworkDescription));
        findings.Add(await ClockCheck.RunAsync(TimeProvider.System, TimeProvider.System, cancellationToken));
        findings.AddRange(await DestinationCheck.RunAsync(clusters, cancellationToken));
        findings.Add(new Finding(Verdict.Ok, "redis", "not configured: limits and sessions are kept in this process"));

        if (asJson)
        {
            await output.WriteLineAsync(JsonSerializer.Serialize(findings, Json).AsMemory(), cancellationToken);
        }
        else
        {
            foreach (var finding in findings)
            {
                await output.WriteLineAsync(finding.ToString().AsMemory(), cancellationToken);
            }
        }

        return findings.Exists(finding => finding.Verdict == Verdict.Fail) ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private static (ProcessOptions Process, IReadOnlyList<ClusterConfig> Clusters) ReadConfiguration(ConfigurationFiles files, List<Finding> findings)
    {
        if (!files.Found)
        {
            findings.Add(new Finding(
                files.Named ? Verdict.Fail : Verdict.Warn,
                "configuration",
                "no routes.json at " + string.Join(", ", files.Tried),
                "name one with --config, or start with blaze run --backend http://host:port"));
            return (new ProcessOptions(), []);
        }

        try
        {
            var loaded = ConfigurationLoader.Load(ConfigurationSources.OfProcess(files, []));
            var process = loaded.ReadProcessOptions();
            var routes = RoutesReader.Read(loaded.Root);
            findings.Add(new Finding(Verdict.Ok, "configuration", $"{files.Routes}: {routes.Routes.Count} route(s), {routes.Clusters.Count} cluster(s)"));
            return (process, routes.Clusters);
        }
        catch (InvalidConfigurationException exception)
        {
            findings.AddRange(exception.Errors.Select(error => new Finding(Verdict.Fail, "configuration", error.ToString(), "blaze validate explains it")));
            return (new ProcessOptions(), []);
        }
    }
}
