using System.Net;
using System.Net.Sockets;
using BlazeGateway.Policies;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Checks;

/// <summary>Addresses of destinations: absolute, http or https, no user name, no duplicates, and not the metadata address of a cloud.</summary>
internal sealed class AddressCheck(ConfigurationNode root, RoutesSnapshot snapshot, ConfigurationErrors errors)
{
    private const string Version = "/v1";

    private static readonly IPNetwork LinkLocal = IPNetwork.Parse("169.254.0.0/16");
    private static readonly IPNetwork LinkLocalV6 = IPNetwork.Parse("fe80::/10");
    private static readonly IPAddress MetadataV6 = IPAddress.Parse("fd00:ec2::254");

    public void Check()
    {
        foreach (var cluster in snapshot.Clusters)
        {
            var path = RoutesReader.ClustersPath.Then(cluster.ClusterId);
            if (cluster.Destinations is not { Count: > 0 })
            {
                errors.Add(root.PlaceOf(path), path, $"Cluster '{cluster.ClusterId}' has no destinations, so every request to it would fail; add one under Destinations.");
                continue;
            }

            CheckDestinations(cluster, path.Then(nameof(ClusterConfig.Destinations)));
            if (ExtensionsCarrier.Read(cluster).ModelServer is { Kind: not ModelServerKinds.AzureOpenAi } && !PathsAreChanged(cluster.ClusterId))
            {
                WarnOfVersions(cluster, path.Then(nameof(ClusterConfig.Destinations)));
            }
        }
    }

    /// <summary>Why <paramref name="address"/> cannot be a destination, or null when it can.</summary>
    public static string? Fault(string? address)
    {
        if (string.IsNullOrWhiteSpace(address))
        {
            return "is missing; give an address such as http://127.0.0.1:8000/";
        }

        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
        {
            return $"is '{Shown(address)}'; it must be absolute and start with http:// or https://";
        }

        if (uri.UserInfo.Length > 0)
        {
            return "holds a user name or password; give credentials under Extensions.Credentials";
        }

        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            return $"is '{Shown(address)}'; it must not have a query or fragment";
        }

        return IsForbidden(uri) ? $"is '{Shown(address)}'; link-local addresses are refused, because a cloud's credentials are served there" : null;
    }

    private void CheckDestinations(ClusterConfig cluster, KeyPath path)
    {
        var seen = new Dictionary<Uri, string>();
        foreach (var (id, destination) in cluster.Destinations!.OrderBy(pair => root.PlaceOf(path.Then(pair.Key)).Line))
        {
            var addressPath = path.Then(id).Then(nameof(DestinationConfig.Address));
            if (Fault(destination.Address) is { } fault)
            {
                errors.Add(root.PlaceOf(addressPath), addressPath, $"Address of destination '{id}' {fault}.");
                continue;
            }

            if (!seen.TryAdd(new Uri(destination.Address.TrimEnd('/')), id))
            {
                var first = seen[new Uri(destination.Address.TrimEnd('/'))];
                errors.Add(root.PlaceOf(addressPath), addressPath, $"Destinations '{first}' and '{id}' have the same address '{destination.Address}'; remove one.");
            }

            if (destination.Host is { } host && !IsHost(host))
            {
                var hostPath = path.Then(id).Then(nameof(DestinationConfig.Host));
                errors.Add(
                    root.PlaceOf(hostPath),
                    hostPath,
                    $"Host of destination '{id}' is '{Shown(host)}'; it is sent as the Host header, so it must be a name or address with an optional port, such as model.internal or model.internal:8443.");
            }

            if (!string.IsNullOrEmpty(destination.Health) && Fault(destination.Health) is { } healthFault)
            {
                var healthPath = path.Then(id).Then(nameof(DestinationConfig.Health));
                errors.Add(root.PlaceOf(healthPath), healthPath, $"Health address of destination '{id}' {healthFault}.");
            }
        }
    }

    /// <summary>What may stand in a Host header: RFC 9110, 7.2, without a user.</summary>
    private static bool IsHost(string host) =>
        Uri.TryCreate($"http://{host}/", UriKind.Absolute, out var uri) && uri is { UserInfo.Length: 0, PathAndQuery: "/", Fragment.Length: 0 }
        && !host.Any(static c => c is '/' or '?' or '#' or '@' or '\\' || char.IsWhiteSpace(c) || char.IsControl(c) || c > '~');

    // Clients of other gateways and libraries end addresses so; here the path of the request follows.
    private void WarnOfVersions(ClusterConfig cluster, KeyPath path)
    {
        foreach (var (id, destination) in cluster.Destinations!)
        {
            if (Fault(destination.Address) is null && destination.Address.TrimEnd('/') is var address && address.EndsWith(Version, StringComparison.OrdinalIgnoreCase))
            {
                var addressPath = path.Then(id).Then(nameof(DestinationConfig.Address));
                errors.Warn(
                    root.PlaceOf(addressPath),
                    addressPath,
                    $"Address of destination '{id}' is '{Shown(destination.Address)}'; the path of a request is added to it, so that /v1/chat/completions arrives as {Version}/v1/chat/completions. "
                    + $"Write '{Shown(address[..^Version.Length])}/'.");
            }
        }
    }

    private bool PathsAreChanged(string cluster) => snapshot.Routes.Any(route =>
        (Same(route.ClusterId, cluster) || ExtensionsCarrier.Read(route).Models.Values.Any(model => Same(model.Cluster, cluster)))
        && route.Transforms?.Any(static transform => transform.Keys.Any(static key => key.StartsWith("Path", StringComparison.OrdinalIgnoreCase))) == true);

    private static bool Same(string? one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static bool IsForbidden(Uri uri)
    {
        if (!IPAddress.TryParse(uri.DnsSafeHost, out var address))
        {
            return false;
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return address.AddressFamily == AddressFamily.InterNetwork ? LinkLocal.Contains(address) : LinkLocalV6.Contains(address) || address.Equals(MetadataV6);
    }

    /// <summary>The address without what may be a credential: a user and password, a query.</summary>
    private static string Shown(string value)
    {
        var query = value.IndexOfAny(['?', '#']);
        var shown = query < 0 ? value : value[..(query + 1)] + "…";
        var at = shown.LastIndexOf('@');
        if (at >= 0)
        {
            var scheme = shown.IndexOf("://", StringComparison.Ordinal);
            shown = (scheme >= 0 && scheme < at ? shown[..(scheme + 3)] : "") + "…" + shown[at..];
        }

        return shown.Length <= 100 ? shown : shown[..100] + "…";
    }
}
