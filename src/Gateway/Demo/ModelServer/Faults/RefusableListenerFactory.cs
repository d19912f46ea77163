using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace BlazeGateway.Demo.ModelServer.Faults;

/// <summary>A transport whose listener can be closed and opened again on the same port while the server runs.</summary>
internal sealed class RefusableListenerFactory(IConnectionListenerFactory inner) : IConnectionListenerFactory
{
    private readonly ConcurrentDictionary<string, ConnectionContext> _connections = new(StringComparer.Ordinal);
    private volatile Func<Task> _close = static () => Task.CompletedTask;
    private volatile Func<Task> _open = static () => Task.CompletedTask;

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listener = new Listener(this, inner, await inner.BindAsync(endpoint, cancellationToken));
        _close = listener.CloseAsync;
        _open = listener.OpenAsync;
        return listener;
    }

    /// <summary>Closes the port and resets every connection.</summary>
    public async Task RefuseAsync()
    {
        await _close();
        foreach (var connection in _connections.Values)
        {
            connection.Abort(new ConnectionAbortedException("The simulated model server refuses connections."));
        }
    }

    /// <summary>Opens the port again.</summary>
    public Task AcceptAsync() => _open();

    private ConnectionContext Track(ConnectionContext connection)
    {
        _connections[connection.ConnectionId] = connection;
        connection.ConnectionClosed.UnsafeRegister(
            static state =>
            {
                var (connections, id) = ((ConcurrentDictionary<string, ConnectionContext>, string))state!;
                connections.TryRemove(id, out _);
            },
            (_connections, connection.ConnectionId));
        return connection;
    }

    private sealed class Listener(RefusableListenerFactory owner, IConnectionListenerFactory factory, IConnectionListener first) : IConnectionListener
    {
        private readonly SemaphoreSlim _switch = new(1, 1);
        private volatile IConnectionListener? _inner = first;
        private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _unbound;

        public EndPoint EndPoint { get; } = first.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                var changed = _changed.Task;
                var current = _inner;
                if (current is not null && await current.AcceptAsync(cancellationToken) is { } connection)
                {
                    return owner.Track(connection);
                }

                if (_unbound)
                {
                    return null;
                }

                if (ReferenceEquals(current, _inner))
                {
                    await changed.WaitAsync(cancellationToken);
                }
            }
        }

        public async Task CloseAsync()
        {
            await _switch.WaitAsync();
            try
            {
                if (_inner is { } current)
                {
                    _inner = null;
                    await current.UnbindAsync();
                    await current.DisposeAsync();
                }
            }
            finally
            {
                _switch.Release();
            }
        }

        public async Task OpenAsync()
        {
            await _switch.WaitAsync();
            try
            {
                if (_inner is null && !_unbound)
                {
                    _inner = await factory.BindAsync(EndPoint);
                    Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
                }
            }
            finally
            {
                _switch.Release();
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _unbound = true;
            await CloseAsync();
            Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }

        public async ValueTask DisposeAsync()
        {
            await UnbindAsync();
            _switch.Dispose();
        }
    }
}
