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
internal sealed class DestinationSockets(int limit, Func<Socket>? open = null)
{
    private readonly Func<Socket> _new = open ?? (static () => new Socket(SocketType.Stream, ProtocolType.Tcp));
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

        Socket? socket = null;
        try
        {
            socket = _new();
            socket.NoDelay = true;
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new CountedStream(socket, this);
        }
        catch (SocketException exception) when (IsExhausted(exception.SocketErrorCode, context.DnsEndPoint))
        {
            socket?.Dispose();
            Interlocked.Decrement(ref _open);
            throw new DestinationSocketsException($"This process can open no more sockets to destinations ({exception.SocketErrorCode}).");
        }
        catch
        {
            socket?.Dispose();
            Interlocked.Decrement(ref _open);
            throw;
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
