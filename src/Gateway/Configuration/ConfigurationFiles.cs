namespace BlazeGateway.Configuration;

/// <summary>Which files a process reads, and where they were looked for.</summary>
internal sealed record ConfigurationFiles
{
    private const string RoutesName = "routes.json";
    private const string SettingsName = "appsettings.json";

    /// <summary>Full path of the file with routes and clusters; null when none was found or asked for.</summary>
    public string? Routes { get; init; }

    /// <summary>Full path of the file with process options; null when there is none.</summary>
    public string? Settings { get; init; }

    /// <summary>Whether the file was named by the user, so that it must exist.</summary>
    public bool Named { get; init; }

    /// <summary>Full paths tried for <see cref="Routes"/>, in order.</summary>
    public IReadOnlyList<string> Tried { get; init; } = [];

    /// <summary>Whether a file with routes is there.</summary>
    public bool Found => Routes is not null && File.Exists(Routes);

    /// <summary>
    /// The named file with the <c>appsettings.json</c> beside it; without a name the first <c>routes.json</c> in <c>config/</c>, the working directory
    /// and <c>config/</c> beside the executable.
    /// </summary>
    public static ConfigurationFiles Find(string? named, string workingDirectory, string executableDirectory)
    {
        if (named is not null)
        {
            var routes = Path.GetFullPath(named, workingDirectory);
            return new ConfigurationFiles { Routes = routes, Settings = Beside(Path.GetDirectoryName(routes)!), Named = true, Tried = [routes] };
        }

        string[] directories = [Path.Combine(workingDirectory, "config"), workingDirectory, Path.Combine(executableDirectory, "config")];
        var tried = directories.Select(static directory => Path.Combine(directory, RoutesName)).Distinct(StringComparer.Ordinal).ToArray();
        var found = Array.Find(tried, File.Exists);
        return new ConfigurationFiles
        {
            Routes = found,
            Settings = found is not null ? Beside(Path.GetDirectoryName(found)!) : Beside(directories[0]) ?? Beside(directories[2]),
            Tried = tried,
        };
    }

    private static string? Beside(string directory)
    {
        var path = Path.Combine(directory, SettingsName);
        return File.Exists(path) ? path : null;
    }
}
