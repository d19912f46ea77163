using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace BlazeGateway.Policies.Pipeline.Connections;

/// <summary>
/// Addresses of destinations' host names. The last good ones of each name are kept for when resolving it fails: a server does not go away with its name. They are
/// gone by only then, and as long as the process lives.
/// </summary>
/// <param name="time">Clock.</param>
/// <param name="resolve">Resolves a name; null for the system's own way.</param>
internal sealed class HostAddresses(TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
{
    /// <summary>Longest that a name whose addresses are known is resolved; half of what connecting may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Most names remembered; those that come when there are as many are resolved each time and not kept.</summary>
    public const int MostNames = 4096;

    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve = resolve ?? Dns.GetHostAddressesAsync;
    private readonly ConcurrentDictionary<string, IPAddress[]> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The addresses of <paramref name="host"/>, at least one.</summary>
    /// <exception cref="SocketException">It has none, and never had.</exception>
    public ValueTask<IPAddress[]> OfAsync(string host, CancellationToken cancellationToken) =>
        IPAddress.TryParse(host, out var address) ? new([address]) : new(FindAsync(host, cancellationToken));

    private async Task<IPAddress[]> FindAsync(string host, CancellationToken cancellationToken)
    {
        var known = _known.GetValueOrDefault(host);
        using var patience = new CancellationTokenSource(known is null ? Timeout.InfiniteTimeSpan : Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            // A resolver of the system's may not be interrupted while it waits.
            var found = await _resolve(host, either.Token).WaitAsync(either.Token);
            if (found.Length > 0)
            {
                Keep(host, known, found);
                return found;
            }
        }
        catch (Exception exception) when (known is not null && exception is SocketException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return known ?? throw new SocketException((int)SocketError.HostNotFound);
    }

    private void Keep(string host, IPAddress[]? known, IPAddress[] found)
    {
        if (known is not null ? !known.AsSpan().SequenceEqual(found) : _known.Count < MostNames)
        {
            _known[host] = found;
        }
    }
}
