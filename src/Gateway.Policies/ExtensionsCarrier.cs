using System.Text.Json;
using System.Text.Json.Serialization;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies;

/// <summary>
/// Carries typed <c>Extensions</c> inside YARP's own configuration records. A change of extensions is thereby a change of the record,
/// so YARP rebuilds the route or cluster, and what a request sees always belongs to the record it was matched with.
/// </summary>
public static class ExtensionsCarrier
{
    private const string Key = "Blaze.Extensions";

    /// <summary>Returns the route with <paramref name="extensions"/> inside.</summary>
    public static RouteConfig Attach(RouteConfig route, RouteExtensions extensions) =>
        route with { Metadata = With(route.Metadata, JsonSerializer.Serialize(extensions, ExtensionsJson.Default.RouteExtensions)) };

    /// <summary>Returns the cluster with <paramref name="extensions"/> inside.</summary>
    public static ClusterConfig Attach(ClusterConfig cluster, ClusterExtensions extensions) =>
        cluster with { Metadata = With(cluster.Metadata, JsonSerializer.Serialize(extensions, ExtensionsJson.Default.ClusterExtensions)) };

    /// <summary>The route's extensions; all defaults when none were attached.</summary>
    public static RouteExtensions Read(RouteConfig route) =>
        route.Metadata?.TryGetValue(Key, out var json) == true
            ? JsonSerializer.Deserialize(json, ExtensionsJson.Default.RouteExtensions)!
            : new RouteExtensions();

    /// <summary>The cluster's extensions; all defaults when none were attached.</summary>
    public static ClusterExtensions Read(ClusterConfig cluster) => ReadCluster(cluster.Metadata);

    /// <summary>The extensions inside a cluster's metadata; all defaults when none were attached.</summary>
    internal static ClusterExtensions ReadCluster(IReadOnlyDictionary<string, string>? metadata) =>
        metadata?.TryGetValue(Key, out var json) == true
            ? JsonSerializer.Deserialize(json, ExtensionsJson.Default.ClusterExtensions)!
            : new ClusterExtensions();

    /// <summary>Whether extensions were attached.</summary>
    internal static bool IsAttached(IReadOnlyDictionary<string, string>? metadata) => metadata?.ContainsKey(Key) == true;

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string>? metadata, string json)
    {
        var copy = metadata is null ? new(StringComparer.OrdinalIgnoreCase) : new Dictionary<string, string>(metadata, StringComparer.OrdinalIgnoreCase);
        copy[Key] = json;
        return copy;
    }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RouteExtensions))]
[JsonSerializable(typeof(ClusterExtensions))]
internal sealed partial class ExtensionsJson : JsonSerializerContext;
