using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using BlazeGateway.Bench;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Benchmarks.Faults.Traffic;

/// <summary>
/// Sends requests over connections that are kept and tells of each what came of it. It repeats nothing: libraries repeat a request by themselves when a kept connection was
/// closed meanwhile, and would hide what is to be seen.
/// </summary>
/// <param name="url">Where they go.</param>
/// <param name="timeout">A request is given up this long after it was due.</param>
/// <param name="time">The clock.</param>
internal sealed class AnswerClient(Uri url, TimeSpan timeout, TimeProvider time) : IDisposable
{
    private const int ReceiveBytes = 16 * 1024;
    private readonly ConcurrentStack<(Socket Socket, byte[] Buffer)> _idle = new();
    private readonly IPEndPoint _target = new(IPAddress.Parse(url.Host), url.Port);

    /// <summary>Sends one request that was due at <paramref name="due"/>, which is <paramref name="at"/> seconds from the start.</summary>
    public async Task<Answer> SendAsync(byte[] request, bool isStream, double at, long due, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        using var body = new BodyObserver(Dialect.OpenAi, isStream, computesHash: false);
        var reader = new ResponseReader();
        reader.Reset();
        body.Reset();
        var outcome = await TryAsync(request, reader, body, either.Token);
        cancellation.ThrowIfCancellationRequested();
        return new Answer
        {
            At = at,
            Milliseconds = time.GetElapsedTime(due).TotalMilliseconds,
            FirstMilliseconds = (body.FirstContentAt > 0 ? time.GetElapsedTime(due, body.FirstContentAt) : time.GetElapsedTime(due)).TotalMilliseconds,
            Outcome = outcome,
            Status = reader.Status,
            IsStream = isStream,
            Contents = body.ContentEvents,
            HasErrorEvent = body.HasError,
            RetryAfter = reader.RetryAfter,
        };
    }

    public void Dispose()
    {
        while (_idle.TryPop(out var connection))
        {
            connection.Socket.Dispose();
        }
    }

    private async Task<LoadOutcome> TryAsync(byte[] request, ResponseReader reader, BodyObserver body, CancellationToken cancellation)
    {
        var (socket, buffer) = Take();
        var isKept = false;
        var outcome = LoadOutcome.ConnectFailed;
        try
        {
            if (!socket.Connected)
            {
                await socket.ConnectAsync(_target, cancellation);
            }

            outcome = LoadOutcome.ClosedBeforeHead;
            for (var sent = 0; sent < request.Length;)
            {
                sent += await socket.SendAsync(request.AsMemory(sent), cancellation);
            }

            outcome = await ReadAsync(socket, buffer, reader, body, cancellation);
            isKept = reader.KeepAlive && outcome is LoadOutcome.Ok or LoadOutcome.HttpError or LoadOutcome.IncompleteStream or LoadOutcome.ErrorInStream;
        }
        catch (SocketException)
        {
            outcome = reader.Started ? LoadOutcome.CutInBody : outcome;
        }
        catch (OperationCanceledException)
        {
            outcome = LoadOutcome.Timeout;
        }

        if (isKept)
        {
            _idle.Push((socket, buffer));
        }
        else
        {
            socket.Dispose();
        }

        return outcome;
    }

    // One that was closed meanwhile is readable: nothing was asked that could be answered.
    private (Socket Socket, byte[] Buffer) Take()
    {
        while (_idle.TryPop(out var connection))
        {
            if (!connection.Socket.Poll(0, SelectMode.SelectRead))
            {
                return connection;
            }

            connection.Socket.Dispose();
        }

        return (new Socket(_target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, new byte[ReceiveBytes]);
    }

    private async Task<LoadOutcome> ReadAsync(Socket socket, byte[] buffer, ResponseReader reader, BodyObserver body, CancellationToken cancellation)
    {
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer, cancellation);
            if (count == 0)
            {
                return reader.Close() == ReadState.Done ? Verdict(reader, body)
                    : reader.Started ? LoadOutcome.CutInBody
                    : LoadOutcome.ClosedBeforeHead;
            }

            body.Now = time.GetTimestamp();
            switch (reader.Feed(buffer.AsSpan(0, count), body))
            {
                case ReadState.Done:
                    return Verdict(reader, body);
                case ReadState.Malformed:
                    return LoadOutcome.Malformed;
                default:
                    continue;
            }
        }
    }

    private static LoadOutcome Verdict(ResponseReader reader, BodyObserver body) => reader.Status >= 400 ? LoadOutcome.HttpError
        : !body.ReadsEvents ? LoadOutcome.Ok
        : body.IsMalformed ? LoadOutcome.Malformed
        : body.HasError ? LoadOutcome.ErrorInStream
        : body.IsComplete ? LoadOutcome.Ok
        : LoadOutcome.IncompleteStream;
}
