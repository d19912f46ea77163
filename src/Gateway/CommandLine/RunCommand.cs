using System.CommandLine;
using BlazeGateway.Configuration;
using BlazeGateway.Hosting;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze run</c>: the gateway, until it is told to stop.</summary>
internal static class RunCommand
{
    private static readonly Option<string?> Config = new("--config") { Description = "routes.json to serve; an appsettings.json beside it is read too." };
    private static readonly Option<string?> Urls = new("--urls") { Description = "Addresses clients use, separated by ';'. Default: http://127.0.0.1:8080." };
    private static readonly Option<string?> AdminUrl = new("--admin-url") { Description = "Address operators use. Default: http://127.0.0.1:8090." };

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
        foreach (var option in new Option[] { Config, Urls, AdminUrl })
        {
            command.Options.Add(option);
        }

        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(RunAsync);
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (!KeyOverrides.TryRead(parsed.UnmatchedTokens, out var keys, out var error))
        {
            return Fail(ExitCodes.InvalidConfiguration, error);
        }

        Add(keys, "Proxy:Urls", parsed.GetValue(Urls));
        Add(keys, "Admin:Url", parsed.GetValue(AdminUrl));
        var files = ConfigurationFiles.Find(parsed.GetValue(Config), Directory.GetCurrentDirectory(), AppContext.BaseDirectory);
        if (!files.Found)
        {
            return Fail(ExitCodes.InvalidConfiguration, FirstRun.NoRoutes(files));
        }

        return await ServeAsync(ConfigurationSources.OfProcess(files, keys), cancellationToken);
    }

    /// <summary>Serves until stopped; every failure to start is told in words and by exit code.</summary>
    private static async Task<int> ServeAsync(ConfigurationSources sources, CancellationToken cancellationToken)
    {
        try
        {
            await using var host = await GatewayHost.CreateAsync(new GatewayHostOptions { Sources = sources });
            await host.StartAsync(cancellationToken);
            await Console.Error.WriteLineAsync(Banner.Write(host, sources));
            await host.WaitForShutdownAsync(cancellationToken);
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
