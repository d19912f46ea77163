using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;

namespace BlazeGateway.Hosting.Supervision;

/// <summary>
/// Answers operators while the thread pool runs nothing: their connections would wait for the pool and never hear why. Whatever is asked, the answer is 503 with the
/// cause, written by a thread of its own.
/// </summary>
/// <param name="inner">The listener.</param>
/// <param name="cause">What is wrong, where this listener is to tell it; null while connections are served as always.</param>
internal sealed class StuckAnswer(IConnectionListener inner, Func<EndPoint, string?> cause) : IConnectionListener
{
    private const int MostAtOnce = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private int _answering;

    /// <inheritdoc />
    public EndPoint EndPoint => inner.EndPoint;

    /// <inheritdoc />
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var connection = await inner.AcceptAsync(cancellationToken);
            if (connection is null || cause(EndPoint) is not { } why || Volatile.Read(ref _answering) >= MostAtOnce)
            {
                return connection;
            }

            Interlocked.Increment(ref _answering);
            new Thread(() => Answer(connection, why)) { IsBackground = true, Name = "blaze stuck" }.Start();
        }
    }

    /// <inheritdoc />
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => inner.UnbindAsync(cancellationToken);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private void Answer(ConnectionContext connection, string why)
    {
        try
        {
            var body = $"stuck: {why}\n";
            var answer = $"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";

            // The socket's own threads complete these; a timer would need the pool.
            var reading = connection.Transport.Input.ReadAsync().AsTask();
            if (reading.Wait(Patience))
            {
                connection.Transport.Input.AdvanceTo(reading.Result.Buffer.End);
                connection.Transport.Output.WriteAsync(Encoding.UTF8.GetBytes(answer)).AsTask().Wait(Patience);
            }

            connection.Transport.Output.Complete();
            connection.Transport.Input.Complete();
            connection.DisposeAsync().AsTask().Wait(Patience);
        }
        catch (Exception exception) when (exception is AggregateException or InvalidOperationException)
        {
            connection.Abort();
        }
        finally
        {
            Interlocked.Decrement(ref _answering);
        }
    }
}
