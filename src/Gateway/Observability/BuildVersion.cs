using System.Reflection;

namespace BlazeGateway.Observability;

/// <summary>What was built: version and, when the build knew it, the source revision.</summary>
internal static class BuildVersion
{
    private static readonly string[] Parts =
        (typeof(BuildVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown").Split('+', 2);

    public static string Current => Parts[0];

    public static string Revision => Parts.Length > 1 ? Parts[1] : "unknown";
}
