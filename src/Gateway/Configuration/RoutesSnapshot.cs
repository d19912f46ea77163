using Microsoft.Extensions.Primitives;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration;

/// <summary>Routes and clusters that passed every check. Extensions travel inside the records.</summary>
internal sealed class RoutesSnapshot(IReadOnlyList<RouteConfig> routes, IReadOnlyList<ClusterConfig> clusters) : IProxyConfig, IDisposable
{
    private readonly CancellationTokenSource _replaced = new();

    public static RoutesSnapshot Empty { get; } = new([], []);

    public string RevisionId { get; init; } = "0";

    public IReadOnlyList<RouteConfig> Routes { get; } = routes;

    public IReadOnlyList<ClusterConfig> Clusters { get; } = clusters;

    public IChangeToken ChangeToken => new CancellationChangeToken(_replaced.Token);

    /// <summary>The same routes and clusters under a revision of their own.</summary>
    public RoutesSnapshot WithRevision(int version) =>
        new(Routes, Clusters) { RevisionId = version.ToString(System.Globalization.CultureInfo.InvariantCulture) };

    /// <summary>Tells YARP to ask for the snapshot that took this one's place.</summary>
    public void SignalReplaced() => _replaced.Cancel();

    public void Dispose() => _replaced.Dispose();
}
