using Microsoft.Extensions.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies;

/// <summary>
/// Reads <c>Extensions</c> of clusters and routes from the section that YARP reads the rest from. YARP runs it with every load; what it throws ends the start, or
/// keeps the last good configuration and is logged.
/// </summary>
/// <param name="configuration">The section with <c>Routes</c> and <c>Clusters</c>.</param>
internal sealed class ExtensionsFilter(IConfiguration configuration) : IProxyConfigFilter
{
    /// <inheritdoc />
    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel)
    {
        var section = configuration.GetSection($"Clusters:{cluster.ClusterId}:Extensions");
        if (!section.Exists() || ExtensionsCarrier.IsAttached(cluster.Metadata))
        {
            return ValueTask.FromResult(cluster);
        }

        var reader = new ExtensionsReader(section.Path);
        var extensions = reader.Read<ClusterExtensions>(section);
        if (extensions is not null)
        {
            new BalanceRules(cluster, section.Path, reader.Errors).Check(extensions);
        }

        reader.ThrowIfWrong();
        return ValueTask.FromResult(ExtensionsCarrier.Attach(cluster, extensions!));
    }

    /// <inheritdoc />
    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel)
    {
        var section = configuration.GetSection($"Routes:{route.RouteId}:Extensions");
        if (!section.Exists() || ExtensionsCarrier.IsAttached(route.Metadata))
        {
            return ValueTask.FromResult(route);
        }

        var reader = new ExtensionsReader(section.Path);
        var extensions = reader.Read<RouteExtensions>(section);
        reader.ThrowIfWrong();
        return ValueTask.FromResult(ExtensionsCarrier.Attach(route, extensions!));
    }
}
