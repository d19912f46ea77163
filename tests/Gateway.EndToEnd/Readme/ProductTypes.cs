using System.Reflection;

namespace BlazeGateway.EndToEnd.Readme;

/// <summary>Names of the types a page may speak of: ours and YARP's.</summary>
internal static class ProductTypes
{
    private static readonly Lazy<HashSet<string>> Names = new(() =>
    [
        .. new[] { "blaze", "Gateway.Policies", "Gateway.Profiling", "Yarp.ReverseProxy" }
            .SelectMany(name => Assembly.Load(name).GetTypes())
            .Select(type => type.Name.Split('`')[0]),
    ]);

    public static bool Has(string name) => Names.Value.Contains(name);
}
