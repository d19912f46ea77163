using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace BlazeGateway.EndToEnd.Wire.Chaos;

/// <summary>
/// A TCP proxy that knows nothing of what it carries, for faults that a model server cannot have by itself. It listens on a port of the system's choice until it is disposed,
/// which resets what is left.
/// </summary>
internal sealed class ChaosProxy : IAsyncDisposable
{
    // So small that whoever sends to one that does not read soon notices.
    private const int ReceiveBytes = 4096;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _destination;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<ChaosConnection, Task> _connections = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _accepting;
    private int _accepted;

    public ChaosProxy(Uri destination, TimeProvider? time = null)
    {
        _destination = new IPEndPoint(IPAddress.Parse(destination.Host), destination.Port);
        _time = time ?? TimeProvider.System;
        _listener.Server.ReceiveBufferSize = ReceiveBytes;
        _listener.Start(4096);
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    /// <summary>How connections are treated. It counts from the next piece of each connection on; whether a connection is half-open is settled when it is accepted.</summary>
    public ChaosPlan Plan { get; set; } = ChaosPlan.None;

    /// <summary>Connections accepted so far.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Bytes that vanished so far.</summary>
    public long Dropped => _connections.Keys.Sum(connection => connection.Dropped);

    /// <summary>Writes to clients so far.</summary>
    public long Writes => _connections.Keys.Sum(connection => connection.Writes);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections.Values);
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var connection = new ChaosConnection(this, await _listener.AcceptSocketAsync(_ending.Token), _time);
                _connections[connection] = connection.CarryAsync(_destination, _ending.Token);
                Interlocked.Increment(ref _accepted);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It is disposed.
        }
    }
}
