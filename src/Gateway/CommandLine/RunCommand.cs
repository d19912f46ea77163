using System.CommandLine;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Detection;
using BlazeGateway.Configuration.Reload;
using BlazeGateway.Demo;
using BlazeGateway.Hosting;
using BlazeGateway.Hosting.Handover;
using BlazeGateway.Observability;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze run</c>: the gateway, until it is told to stop.</summary>
internal static class RunCommand
{
    private static readonly Option<string?> Config = new("--config") { Description = "routes.json to serve; an appsettings.json beside it is read too." };
    private static readonly Option<string?> Urls = new("--urls") { Description = "Addresses clients use, separated by ';'. Default: http://127.0.0.1:8080." };
    private static readonly Option<string?> AdminUrl = new("--admin-url") { Description = "Address operators use. Default: http://127.0.0.1:8090." };
    private static readonly Option<string?> Env = new("--env") { Description = "Environment, which picks appsettings.NAME.json and routes.NAME.json. Default: Production." };
    private static readonly Option<bool> Demo = new("--demo") { Description = "Start three simulated model servers and serve them; no file needed." };
    private static readonly Option<bool> NoTraffic = new("--no-traffic") { Description = "With --demo: send no made-up requests." };
    private static readonly Option<string[]> Backend = new("--backend") { Description = "Model server to serve, e.g. http://127.0.0.1:8000; repeatable; no file needed." };
    private static readonly Option<bool> PrintConfig = new("--print-config") { Description = "With --backend: print the routes.json that means the same, and end." };

    /// <summary>How long the server may take to close what the drain left.</summary>
    private static readonly TimeSpan LastClosing = TimeSpan.FromSeconds(1);

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("run", "Runs the gateway (the default verb).");
        Configure(command);
        return command;
    }

    /// <summary>Gives <paramref name="command"/> the verb's options and action; the root command runs it too.</summary>
    public static void Configure(Command command)
    {
        foreach (var option in new Option[] { Config, Urls, AdminUrl, Env, Demo, NoTraffic, Backend, PrintConfig })
        {
            command.Options.Add(option);
        }

        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(RunAsync);
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (Contradiction(parsed) is { } contradiction)
        {
            return Fail(ExitCodes.InvalidConfiguration, contradiction);
        }

        var keys = KeyOverrides.Read(parsed.UnmatchedTokens);
        Add(keys, "Proxy:Urls", parsed.GetValue(Urls));
        Add(keys, "Admin:Url", parsed.GetValue(AdminUrl));
        if (parsed.GetValue(Env) is { } environment)
        {
            Environment.SetEnvironmentVariable("BLAZE_ENVIRONMENT", environment);
        }

        try
        {
            return await RunAsync(parsed, keys, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCodes.Ok;
        }
    }

    private static Task<int> RunAsync(ParseResult parsed, List<KeyValuePair<string, string>> keys, CancellationToken cancellationToken)
    {
        var files = ConfigurationFiles.Find(parsed.GetValue(Config), Directory.GetCurrentDirectory(), AppContext.BaseDirectory);
        if (parsed.GetValue(Demo))
        {
            return RunDemoAsync(files, keys, !parsed.GetValue(NoTraffic), cancellationToken);
        }

        if (parsed.GetValue(Backend) is { Length: > 0 } backends)
        {
            return RunBackendsAsync(files, keys, backends, parsed.GetValue(PrintConfig), cancellationToken);
        }

        return files.Found
            ? ServeAsync(ConfigurationSources.OfProcess(files, keys), cancellationToken)
            : Task.FromResult(Fail(ExitCodes.InvalidConfiguration, FirstRun.NoRoutes(files)));
    }

    private static string? Contradiction(ParseResult parsed)
    {
        (Option Option, bool IsGiven)[] sources =
        [
            (Config, parsed.GetValue(Config) is not null),
            (Demo, parsed.GetValue(Demo)),
            (Backend, parsed.GetValue(Backend) is { Length: > 0 }),
        ];
        var named = sources.Where(source => source.IsGiven).Select(source => source.Option.Name).ToList();
        if (named.Count > 1)
        {
            return $"{string.Join(" and ", named)} each say what to serve; give one of them.";
        }

        if (parsed.GetValue(NoTraffic) && !parsed.GetValue(Demo))
        {
            return "--no-traffic belongs to --demo; add --demo or leave it out.";
        }

        return parsed.GetValue(PrintConfig) && !named.Contains(Backend.Name, StringComparer.Ordinal)
            ? "--print-config belongs to --backend; add --backend http://host:port or leave it out."
            : null;
    }

    private static async Task<int> RunDemoAsync(
        ConfigurationFiles files, List<KeyValuePair<string, string>> keys, bool traffic, CancellationToken cancellationToken)
    {
        // The demo's own traffic would push the addresses off the screen.
        if (!keys.Exists(key => key.Key.StartsWith("Telemetry:AccessLog:", StringComparison.OrdinalIgnoreCase)))
        {
            Add(keys, "Telemetry:AccessLog:Enabled", "false");
        }

        await using var fleet = await DemoFleet.StartAsync(cancellationToken);
        var (routes, clusters) = fleet.CreateConfig();
        var sources = ConfigurationSources.OfProcess(WithoutRoutes(files), keys, RoutesWriter.ToSource("demo (built in)", routes, clusters));
        return await ServeAsync(sources, cancellationToken, DemoFleet.Model, async (host, stopping) =>
        {
            if (traffic)
            {
                using var clients = new DemoTraffic(host.Listeners.ProxyAddresses[0], fleet.Servers, TimeProvider.System);
                await clients.RunAsync(stopping);
            }
        });
    }

    private static async Task<int> RunBackendsAsync(
        ConfigurationFiles files, List<KeyValuePair<string, string>> keys, string[] backends, bool print, CancellationToken cancellationToken)
    {
        DetectedGateway detected;
        try
        {
            detected = await BackendDetection.DetectAsync(backends, TimeProvider.System, cancellationToken);
        }
        catch (InvalidBackendException exception)
        {
            return Fail(ExitCodes.InvalidConfiguration, exception.Message);
        }

        foreach (var line in detected.Backends.Select(static backend => backend.Message).Concat(detected.Notices))
        {
            await Console.Error.WriteLineAsync(line);
        }

        if (print)
        {
            await Console.Out.WriteLineAsync(detected.ToRoutesJson());
            return ExitCodes.Ok;
        }

        var sources = ConfigurationSources.OfProcess(WithoutRoutes(files), keys, new RoutesText("--backend", detected.ToRoutesJson()));
        return await ServeAsync(sources, cancellationToken, detected.Backends.SelectMany(backend => backend.Models).FirstOrDefault()?.Name);
    }

    // Process options still come from a file; what is served does not.
    private static ConfigurationFiles WithoutRoutes(ConfigurationFiles files) => files with { Routes = null };

    /// <summary>Serves until stopped; every failure to start is told in words and by exit code.</summary>
    private static async Task<int> ServeAsync(
        ConfigurationSources sources, CancellationToken cancellationToken, string? model = null, Func<GatewayHost, CancellationToken, Task>? alongside = null)
    {
        try
        {
            string summary;
            await using (var host = await GatewayHost.CreateAsync(new GatewayHostOptions { Sources = sources, Handed = HandedSockets.OfProcess(), ShutdownTimeout = LastClosing }))
            {
                // A signal that comes meanwhile stops it right after; a start that is cancelled half-way counts as a failure.
                await host.StartAsync(CancellationToken.None);
                await Console.Error.WriteLineAsync(Banner.Write(host, sources, model));
                using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                var companion = alongside?.Invoke(host, stopping.Token) ?? Task.CompletedTask;
                await host.WaitForShutdownAsync(cancellationToken);
                await stopping.CancelAsync();
                await companion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                summary = RunSummary.Write(host.Services.GetRequiredService<RunTally>(), host.Services.GetRequiredService<GuardedConfigProvider>().Status);
            }

            await Console.Error.WriteLineAsync(summary);
            return ExitCodes.Ok;
        }
        catch (InvalidConfigurationException exception)
        {
            return Fail(ExitCodes.InvalidConfiguration, string.Join(Environment.NewLine, exception.Errors));
        }
        catch (Exception exception) when (exception is FormatException or InvalidOperationException { InnerException: not null } or ArgumentException)
        {
            return Fail(ExitCodes.InvalidConfiguration, exception.Message);
        }
        catch (TooFewFilesException exception)
        {
            return Fail(ExitCodes.Failed, exception.Message);
        }
        catch (CannotBindException exception)
        {
            return Fail(ExitCodes.CannotBind, exception.Message);
        }
    }

    private static void Add(List<KeyValuePair<string, string>> keys, string key, string? value)
    {
        if (value is not null)
        {
            keys.Add(KeyValuePair.Create(key, value));
        }
    }

    private static int Fail(int code, string message)
    {
        Console.Error.WriteLine(message);
        return code;
    }
}
