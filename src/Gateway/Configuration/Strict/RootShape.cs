using BlazeGateway.Configuration.Options;
using BlazeGateway.Policies;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Strict;

/// <summary>Everything a configuration may say, in whichever of the files it stands.</summary>
internal static class RootShape
{
    private static readonly ObjectShape RouteExtensionsShape = ShapeReader.ReadObject(typeof(RouteExtensions));
    private static readonly ObjectShape ClusterExtensionsShape = ShapeReader.ReadObject(typeof(ClusterExtensions));

    /// <summary>The one instance; types do not change while a process runs.</summary>
    public static ObjectShape Instance { get; } = Create();

    /// <summary>Whether <paramref name="key"/> is the name of a section.</summary>
    public static bool HasSection(string key) => key != "$schema" && Instance.Members.ContainsKey(key);

    /// <summary>The shape of <c>Extensions</c> of a route or a cluster.</summary>
    public static ObjectShape ExtensionsOf<T>() => typeof(T) == typeof(RouteExtensions) ? RouteExtensionsShape : ClusterExtensionsShape;

    private static ObjectShape Create() => ShapeReader.ReadObject(typeof(ProcessOptions), more:
    [
        new("$schema", new ScalarShape(ScalarKind.Text)) { Description = "Address of this schema, for editors." },
        new("Kestrel", new ObjectShape(
        [
            new("Limits", ShapeReader.ReadObject(typeof(KestrelServerLimits))) { Description = "Limits of the HTTP server, for each listener." },
        ])) { Description = "The HTTP server." },
        new("Serilog", new AnyShape()) { Description = "Logging, in Serilog's own format." },
        new("ReverseProxy", new ObjectShape(
        [
            new("Routes", new MapShape(Route(), identifiers: true)) { Description = "Which requests are served, by route id." },
            new("Clusters", new MapShape(Cluster(), identifiers: true)) { Description = "Who serves them, by cluster id." },
        ])) { Description = "Routes and clusters. A change takes effect while the gateway runs." },
        new("AllowShrink", new ScalarShape(ScalarKind.Boolean))
        {
            Description = "Permission for a reload to remove all routes, or more than half of the routes or destinations. Default: false, such a reload is refused.",
        },
    ]);

    private static ObjectShape Route() => ShapeReader.ReadObject(
        typeof(RouteConfig),
        [nameof(RouteConfig.RouteId)],
        [new("Extensions", RouteExtensionsShape) { Description = "What BlazeGateway adds to a route." }]);

    private static ObjectShape Cluster() => ShapeReader.ReadObject(
            typeof(ClusterConfig),
            [nameof(ClusterConfig.ClusterId), nameof(ClusterConfig.Destinations)],
            [
                new("Destinations", new MapShape(ShapeReader.ReadObject(typeof(DestinationConfig)), identifiers: true))
                {
                    Description = "Where requests are sent, by destination id.",
                    DocumentationId = "P:Yarp.ReverseProxy.Configuration.ClusterConfig.Destinations",
                },
                new("Extensions", ClusterExtensionsShape) { Description = "What BlazeGateway adds to a cluster." },
            ]);
}
