using System.Net.Sockets;
using BlazeGateway.Configuration.Checks;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.CommandLine.Doctor;

/// <summary>
/// Whether each destination accepts a connection, and whether model servers take the key configured for them: they are asked for their models, which costs nothing.
/// Nothing is sent to others.
/// </summary>
internal static class DestinationCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static async Task<IReadOnlyList<Finding>> RunAsync(IEnumerable<ClusterConfig> clusters, CancellationToken cancellationToken)
    {
        var checks =
            from cluster in clusters
            from destination in cluster.Destinations ?? new Dictionary<string, DestinationConfig>(StringComparer.OrdinalIgnoreCase)
            select CheckAsync(cluster, destination.Key, destination.Value, cancellationToken);
        return await Task.WhenAll(checks);
    }

    private static async Task<Finding> CheckAsync(ClusterConfig cluster, string id, DestinationConfig destination, CancellationToken cancellationToken)
    {
        var connected = await ConnectAsync($"{cluster.ClusterId}/{id}", destination.Address, cancellationToken);
        return connected.Verdict == Verdict.Ok && await DestinationProbe.RefusedKeyAsync(cluster, id, destination, TimeProvider.System, cancellationToken) is { } status
            ? new Finding(
                Verdict.Warn,
                connected.Check,
                $"{connected.Message}, but its key is missing or refused ({status}): it gets no inference requests while others take theirs",
                $"set its key under Extensions.Credentials.{id} of cluster {cluster.ClusterId}")
            : connected;
    }

    private static async Task<Finding> ConnectAsync(string name, string address, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri))
        {
            return new Finding(Verdict.Fail, "destinations", $"{name} has no valid address", "write it like http://10.0.0.11:8000/");
        }

        var place = $"{name} at {uri.Host}:{uri.Port}";
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(uri.IdnHost, uri.Port, either.Token);
            return new Finding(Verdict.Ok, "destinations", $"{place} accepts connections");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Finding(Verdict.Fail, "destinations", $"{place} does not answer within 2 s", "check address, firewall and route");
        }
        catch (SocketException exception)
        {
            var fix = exception.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData ? "correct the host name" : "start the model server or correct the address";
            return new Finding(Verdict.Fail, "destinations", $"{place}: {exception.SocketErrorCode}", fix);
        }
    }
}
