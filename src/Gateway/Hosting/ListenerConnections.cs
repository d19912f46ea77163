using Microsoft.AspNetCore.Connections;

namespace BlazeGateway.Hosting;

/// <summary>
/// Connections of one listener, each counted from accept to close, also after an upgrade to a WebSocket, which Kestrel stops counting.
/// Above the budget a new connection is closed at once and counted.
/// </summary>
/// <param name="budget">Most connections open at one time.</param>
internal sealed class ListenerConnections(int budget)
{
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

    private async Task Run(ConnectionDelegate next, ConnectionContext connection)
    {
        try
        {
            await next(connection);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}
