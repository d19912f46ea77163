using System.Net;
using System.Net.Sockets;

namespace BlazeGateway.EndToEnd.Wire.Chaos;

/// <summary>A client's connection to a <see cref="ChaosProxy"/> and the one to the destination that belongs to it.</summary>
internal sealed class ChaosConnection(ChaosProxy proxy, Socket client, TimeProvider time) : IDisposable
{
    private const int PieceBytes = 16 * 1024;
    private readonly Socket _destination = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private long _answered;
    private long _dropped;
    private long _writes;

    /// <summary>Bytes that vanished.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Writes to the client.</summary>
    public long Writes => Volatile.Read(ref _writes);

    /// <summary>Carries until both ends have ended, one of them broke, or the proxy ends.</summary>
    public async Task CarryAsync(IPEndPoint to, CancellationToken ending)
    {
        client.NoDelay = true;
        try
        {
            await (proxy.Plan.Mode switch
            {
                ChaosMode.NeverRead => Task.Delay(Timeout.InfiniteTimeSpan, time, ending),
                ChaosMode.NeverAnswer => SwallowAsync(ending),
                _ => BothAsync(to, ending),
            });
        }
        catch (Exception end) when (end is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // A clean end of one side after the other broke would hide that it broke.
            Reset();
        }

        Dispose();
    }

    public void Dispose()
    {
        client.Dispose();
        _destination.Dispose();
    }

    private async Task SwallowAsync(CancellationToken ending)
    {
        var piece = new byte[PieceBytes];
        while (await client.ReceiveAsync(piece, ending) is var count and > 0)
        {
            Interlocked.Add(ref _dropped, count);
        }
    }

    private async Task BothAsync(IPEndPoint to, CancellationToken ending)
    {
        await _destination.ConnectAsync(to, ending);
        var request = PumpAsync(client, _destination, isAnswer: false, ending);
        var answer = PumpAsync(_destination, client, isAnswer: true, ending);

        // Whichever breaks first breaks the other.
        await await Task.WhenAny(request, answer);
        await Task.WhenAll(request, answer);
    }

    private async Task PumpAsync(Socket from, Socket to, bool isAnswer, CancellationToken ending)
    {
        var piece = new byte[PieceBytes];
        while (true)
        {
            var count = await from.ReceiveAsync(piece, ending);
            if (proxy.Plan.Latency > TimeSpan.Zero)
            {
                await Task.Delay(proxy.Plan.Latency, time, ending);
            }

            if (proxy.Plan.Mode == ChaosMode.Drop)
            {
                Interlocked.Add(ref _dropped, count);
                if (count == 0)
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, time, ending);
                }
            }
            else if (count == 0)
            {
                await EndAsync(to, isAnswer, ending);
                return;
            }
            else if (isAnswer)
            {
                await AnswerAsync(piece.AsMemory(0, count), ending);
            }
            else
            {
                await WriteAsync(to, piece.AsMemory(0, count), ending);
            }
        }
    }

    private async Task EndAsync(Socket to, bool isAnswer, CancellationToken ending)
    {
        if (isAnswer && proxy.Plan.SlowClose > TimeSpan.Zero)
        {
            await Task.Delay(proxy.Plan.SlowClose, time, ending);
        }

        to.Shutdown(SocketShutdown.Send);
    }

    private async Task AnswerAsync(ReadOnlyMemory<byte> piece, CancellationToken ending)
    {
        while (piece.Length > 0)
        {
            var plan = proxy.Plan;
            var left = plan.ResetAfterBytes - _answered;
            if (left <= 0)
            {
                throw new SocketException((int)SocketError.ConnectionReset);
            }

            // A tenth of a second's worth at a time keeps a slow answer even.
            var most = Math.Min(plan.SliceBytes ?? piece.Length, plan.BytesPerSecond is { } rate ? Math.Max(1, rate / 10) : piece.Length);
            var count = (int)Math.Min(Math.Min(most, piece.Length), left ?? long.MaxValue);
            await WriteAsync(client, piece[..count], ending);
            Interlocked.Increment(ref _writes);
            _answered += count;
            piece = piece[count..];
            if (plan.BytesPerSecond is { } bytes)
            {
                await Task.Delay(TimeSpan.FromSeconds((double)count / bytes), time, ending);
            }
        }
    }

    private static async Task WriteAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken ending)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await to.SendAsync(bytes, ending)..];
        }
    }

    private void Reset()
    {
        foreach (var socket in new[] { client, _destination })
        {
            socket.LingerState = new LingerOption(true, 0);
        }
    }
}
