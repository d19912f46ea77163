using System.Runtime.CompilerServices;

namespace BlazeGateway.Tests.Configuration;

/// <summary>Files of the repository that tests compare with.</summary>
internal static class RepositoryFiles
{
    public static string Config { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(This())!, "../../../config"));

    private static string This([CallerFilePath] string path = "") => path;
}
