using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace BlazeGateway.Hosting;

/// <summary>
/// Connections of one listener, each counted from accept to close, also after an upgrade to a WebSocket, which Kestrel stops counting.
/// Above the budget a new connection is closed at once and counted.
/// </summary>
/// <param name="budget">Most connections open at one time.</param>
/// <param name="time">Clock.</param>
internal sealed class ListenerConnections(int budget, TimeProvider time)
{
    private readonly ConcurrentDictionary<ConnectionContext, long> _since = new();
    private int _open;
    private long _refused;

    /// <summary>Most connections open at one time.</summary>
    public int Budget { get; } = budget;

    /// <summary>Connections open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Connections refused since the start.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Connection middleware that keeps the count.</summary>
    public ConnectionDelegate Count(ConnectionDelegate next) => connection =>
    {
        if (Interlocked.Increment(ref _open) <= Budget)
        {
            return Run(next, connection);
        }

        Interlocked.Decrement(ref _open);
        Interlocked.Increment(ref _refused);
        connection.Abort(new ConnectionAbortedException($"The listener's budget of {Budget} connections is used up."));
        return Task.CompletedTask;
    };

    /// <summary>
    /// Asks connections to close once what is in flight on them has ended, but for those younger than <paramref name="young"/>, whose first request may be on its way.
    /// Returns how many were not asked because of that.
    /// </summary>
    public int Close(TimeSpan young)
    {
        var spared = 0;
        foreach (var (connection, since) in _since)
        {
            if (connection.Features.Get<IConnectionLifetimeNotificationFeature>() is not { ConnectionClosedRequested.IsCancellationRequested: false } lifetime)
            {
                continue;
            }

            if (time.GetElapsedTime(since) < young)
            {
                spared++;
            }
            else
            {
                lifetime.RequestClose();
            }
        }

        return spared;
    }

    private async Task Run(ConnectionDelegate next, ConnectionContext connection)
    {
        _since[connection] = time.GetTimestamp();
        try
        {
            await next(connection);
        }
        finally
        {
            _since.TryRemove(connection, out _);
            Interlocked.Decrement(ref _open);
        }
    }
}
