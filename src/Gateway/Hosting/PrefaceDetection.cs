using System.Buffers;
using System.IO.Pipelines;
using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace BlazeGateway.Hosting;

/// <summary>
/// Lets one clear-text port speak HTTP/1.1 and HTTP/2 by prior knowledge. Kestrel takes HTTP/1.1 for every clear-text connection unless
/// told otherwise; this looks at the first bytes, which are fixed for HTTP/2 (RFC 9113, 3.4), and tells it, consuming nothing.
/// </summary>
internal sealed class PrefaceDetection
{
    private static readonly ConstructorInfo? ProtocolsFeature = typeof(KestrelServerOptions).Assembly
        .GetType("Microsoft.AspNetCore.Server.Kestrel.Core.Internal.HttpProtocolsFeature")?
        .GetConstructor([typeof(HttpProtocols)]);

    private readonly ConnectionDelegate _next;
    private readonly TimeProvider _time;
    private readonly TimeSpan _patience;
    private readonly object _http2;

    private PrefaceDetection(ConnectionDelegate next, TimeProvider time, TimeSpan patience)
    {
        _next = next;
        _time = time;
        _patience = patience;
        _http2 = ProtocolsFeature!.Invoke([HttpProtocols.Http2]);
    }

    /// <summary>Whether this runtime's Kestrel takes the protocol per connection; without it clear-text HTTP/2 needs a TLS listener.</summary>
    public static bool IsSupported => ProtocolsFeature is not null;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Adds the detection to a clear-text listener.</summary>
    /// <param name="listener">The listener.</param>
    /// <param name="time">Clock for the wait.</param>
    /// <param name="patience">How long a new connection may stay silent before it is closed; Kestrel's keep-alive limit begins after this.</param>
    public static void Use(ListenOptions listener, TimeProvider time, TimeSpan patience)
    {
        if (IsSupported)
        {
            listener.Use(next => new PrefaceDetection(next, time, patience).OnConnectionAsync);
        }
    }

    private async Task OnConnectionAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        bool? isHttp2;
        if (input.TryRead(out var first))
        {
            isHttp2 = Decide(input, first);
        }
        else
        {
            isHttp2 = null;
        }

        if (isHttp2 is null)
        {
            isHttp2 = await WaitAsync(connection, input);
        }

        if (isHttp2 is null)
        {
            return;
        }

        if (isHttp2.Value)
        {
            connection.Features[_http2.GetType()] = _http2;
        }

        await _next(connection);
    }

    /// <summary>Waits for enough bytes; null when the connection closed or stayed silent.</summary>
    private async Task<bool?> WaitAsync(ConnectionContext connection, PipeReader input)
    {
        using var patience = new CancellationTokenSource(_patience, _time);
        using var link = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, connection.ConnectionClosed);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(link.Token);
                if (Decide(input, read) is { } decided)
                {
                    return decided;
                }

                if (read.IsCompleted)
                {
                    return null;
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            return null;
        }
    }

    /// <summary>True for HTTP/2, false for anything else, null when the bytes so far fit the preface but do not fill it.</summary>
    private static bool? Decide(PipeReader input, in ReadResult read)
    {
        var buffer = read.Buffer;
        var length = (int)Math.Min(buffer.Length, Preface.Length);
        Span<byte> start = stackalloc byte[Preface.Length];
        buffer.Slice(0, length).CopyTo(start);
        if (!Preface.StartsWith(start[..length]))
        {
            input.AdvanceTo(buffer.Start);
            return false;
        }

        if (length == Preface.Length)
        {
            input.AdvanceTo(buffer.Start);
            return true;
        }

        input.AdvanceTo(buffer.Start, buffer.End);
        return null;
    }
}
