using System.Collections;
using BlazeGateway.Configuration.Options;

namespace BlazeGateway.Configuration;

/// <summary>Everything a configuration is put together from. Later sources win, key by key: settings, routes, secrets, variables, command line.</summary>
internal sealed record ConfigurationSources
{
    private const string DefaultSecretsDirectory = "/run/secrets";
    private static readonly string[] EnvironmentNames = ["BLAZE_ENVIRONMENT", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"];

    /// <summary>Files of routes and of process options.</summary>
    public required ConfigurationFiles Files { get; init; }

    /// <summary>Name that picks the additional <c>appsettings.NAME.json</c> and <c>routes.NAME.json</c>. Default: <c>Production</c>.</summary>
    public string Environment { get; init; } = "Production";

    /// <summary>Whether somebody named <see cref="Environment"/>, so that it is more than what is assumed. Default: false.</summary>
    public bool IsEnvironmentNamed { get; init; }

    /// <summary>Directory that paths in messages and relative paths of certificates are told from.</summary>
    public string WorkingDirectory { get; init; } = Directory.GetCurrentDirectory();

    /// <summary>Variables; those not named like a key are ignored. Default: empty.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; } = [];

    /// <summary>Keys given on the command line, for example <c>Admin:Url</c>. Default: empty.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> CommandLine { get; init; } = [];

    /// <summary>Routes made in code, used in place of a file. Default: null.</summary>
    public RoutesText? InMemoryRoutes { get; init; }

    /// <summary>Directory of secrets. Default: null, none.</summary>
    public string? SecretsDirectory { get; init; }

    /// <summary>The sources of this process: its variables, the environment they name (<c>BLAZE_ENVIRONMENT</c>, else ASP.NET Core's), and the directory of secrets the other sources name.</summary>
    public static ConfigurationSources OfProcess(ConfigurationFiles files, IReadOnlyList<KeyValuePair<string, string>> commandLine, RoutesText? inMemoryRoutes = null)
    {
        var variables = System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(static pair => KeyValuePair.Create((string)pair.Key, (string?)pair.Value ?? "")).ToArray();
        var environment = EnvironmentNames.Select(name => Array.Find(variables, pair => pair.Key == name).Value).FirstOrDefault(static value => !string.IsNullOrEmpty(value));
        var sources = new ConfigurationSources
        {
            Files = files,
            Environment = environment ?? "Production",
            IsEnvironmentNamed = environment is not null,
            Variables = variables,
            CommandLine = commandLine,
            InMemoryRoutes = inMemoryRoutes,
        };
        return sources with { SecretsDirectory = FindSecrets(sources) };
    }

    /// <summary>A path as messages show it: relative when below the working directory.</summary>
    public string Show(string path)
    {
        var relative = Path.GetRelativePath(WorkingDirectory, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }

    private static string? FindSecrets(ConfigurationSources sources)
    {
        var named = ConfigurationLoader.Load(sources).Root
            .Find(KeyPath.Of(nameof(ProcessOptions.Secrets), nameof(SecretsOptions.Directory)))?.Value;
        return named is not null ? Path.GetFullPath(named, sources.WorkingDirectory)
            : Directory.Exists(DefaultSecretsDirectory) ? DefaultSecretsDirectory : null;
    }
}

/// <summary>Routes as JSON text that is not in a file.</summary>
internal sealed record RoutesText(string Name, string Json);
