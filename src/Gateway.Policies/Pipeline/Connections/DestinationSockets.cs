using System.Net;
using System.Net.Sockets;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Pipeline.Connections;

/// <summary>
/// Counts sockets to destinations. One client connection of HTTP/2 may ask for a hundred at once, and a process that runs out of file
/// descriptors ends, so the count has a limit of its own.
/// </summary>
/// <param name="limit">Most sockets open at one time.</param>
/// <param name="open">Makes a socket; null for the system's own way.</param>
/// <param name="addresses">Addresses of host names; null for the system's own.</param>
internal sealed class DestinationSockets(int limit, Func<Socket>? open = null, HostAddresses? addresses = null)
{
    private readonly Func<Socket> _new = open ?? (static () => new Socket(SocketType.Stream, ProtocolType.Tcp));
    private readonly HostAddresses _addresses = addresses ?? new HostAddresses(TimeProvider.System);
    private int _open;

    /// <summary>Sockets open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Connects to a destination.</summary>
    /// <exception cref="DestinationSocketsException">As many sockets as allowed are open.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _open) > limit)
        {
            Interlocked.Decrement(ref _open);
            throw new DestinationSocketsException($"{limit} sockets to destinations are open, as many as this process may have.");
        }

        try
        {
            return await ConnectAsync(context.DnsEndPoint, await _addresses.OfAsync(context.DnsEndPoint.Host, cancellationToken), cancellationToken);
        }
        catch
        {
            Interlocked.Decrement(ref _open);
            throw;
        }
    }

    /// <summary>The first that can be connected to, in their order; with none, the last failure.</summary>
    private async ValueTask<Stream> ConnectAsync(DnsEndPoint destination, IPAddress[] addresses, CancellationToken cancellationToken)
    {
        for (var i = 0; ; i++)
        {
            Socket? socket = null;
            try
            {
                socket = _new();
                socket.NoDelay = true;
                await socket.ConnectAsync(new IPEndPoint(addresses[i], destination.Port), cancellationToken);
                return new CountedStream(socket, this);
            }
            catch (SocketException exception) when (IsExhausted(exception.SocketErrorCode, destination) && (i == addresses.Length - 1 || exception.SocketErrorCode != SocketError.AddressNotAvailable))
            {
                socket?.Dispose();
                throw new DestinationSocketsException($"This process can open no more sockets to destinations ({exception.SocketErrorCode}).");
            }
            catch (Exception exception) when (i < addresses.Length - 1 && exception is SocketException or NotSupportedException)
            {
                socket?.Dispose();
            }
            catch
            {
                socket?.Dispose();
                throw;
            }
        }
    }

    // Without a free port there is no address to send from; but a machine without IPv6 has none for an IPv6 destination either.
    private static bool IsExhausted(SocketError error, DnsEndPoint destination) =>
        error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable
        || (error == SocketError.AddressNotAvailable && !destination.Host.Contains(':', StringComparison.Ordinal));

    private sealed class CountedStream(Socket socket, DestinationSockets sockets) : NetworkStream(socket, ownsSocket: true)
    {
        private int _closed;

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            if (Interlocked.Exchange(ref _closed, 1) == 0)
            {
                Interlocked.Decrement(ref sockets._open);
            }
        }
    }
}
