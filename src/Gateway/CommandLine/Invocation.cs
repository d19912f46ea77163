namespace BlazeGateway.CommandLine;

/// <summary>How this program is called from a shell, so that a command shown to somebody who has not installed it works as it is.</summary>
internal static class Invocation
{
    private const string Name = "blaze";

    /// <summary>The words before the verb.</summary>
    public static string Words => Of(Environment.ProcessPath, AppContext.BaseDirectory, Environment.GetEnvironmentVariable("PATH"), Directory.GetCurrentDirectory());

    /// <summary>The name alone when the shell finds this very file by it; else its path, behind <c>dotnet</c> when that runs it.</summary>
    /// <param name="process">File of the process.</param>
    /// <param name="directory">Where this program's library is.</param>
    /// <param name="searched">Directories the shell looks in.</param>
    /// <param name="here">Working directory; what is below it is told from there.</param>
    internal static string Of(string? process, string directory, string? searched, string here)
    {
        if (process is null || !string.Equals(Path.GetFileNameWithoutExtension(process), Name, StringComparison.OrdinalIgnoreCase))
        {
            return $"dotnet {Shown(Path.Combine(directory, Name + ".dll"), here)}";
        }

        var found = (searched ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(path => Path.Combine(path, Path.GetFileName(process))).FirstOrDefault(File.Exists);
        return found is not null && Target(found) == Target(process) ? Name : Shown(process, here);
    }

    private static string Target(string path) => Path.GetFullPath(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);

    private static string Shown(string path, string here)
    {
        var relative = Path.GetRelativePath(here, path);
        var shown = relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? path
            : relative.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) ? relative
            : Path.Combine(".", relative);
        return shown.Contains(' ', StringComparison.Ordinal) ? $"\"{shown}\"" : shown;
    }
}
