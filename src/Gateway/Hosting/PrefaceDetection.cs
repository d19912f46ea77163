using System.Buffers;
using System.IO.Pipelines;
using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
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
    private readonly KestrelServerLimits _limits;
    private readonly object _http2;

    private PrefaceDetection(ConnectionDelegate next, TimeProvider time, KestrelServerLimits limits)
    {
        _next = next;
        _time = time;
        _limits = limits;
        _http2 = ProtocolsFeature!.Invoke([HttpProtocols.Http2]);
    }

    /// <summary>Whether this runtime's Kestrel takes the protocol per connection; without it clear-text HTTP/2 needs a TLS listener.</summary>
    public static bool IsSupported => ProtocolsFeature is not null;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Adds the detection to a clear-text listener.</summary>
    /// <param name="listener">The listener.</param>
    /// <param name="time">Clock for the wait.</param>
    /// <param name="limits">
    /// Whose keep-alive limit a silent connection has, and whose limit for request headers one that began a preface has; Kestrel's own begin after this.
    /// </param>
    public static void Use(ListenOptions listener, TimeProvider time, KestrelServerLimits limits)
    {
        if (IsSupported)
        {
            listener.Use(next => new PrefaceDetection(next, time, limits).OnConnectionAsync);
        }
    }

    private async Task OnConnectionAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        bool? isHttp2 = null;
        var hasBegun = false;
        if (input.TryRead(out var first))
        {
            hasBegun = !first.Buffer.IsEmpty;
            isHttp2 = Decide(input, first);
        }

        isHttp2 ??= await WaitAsync(connection, input, hasBegun);

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

    /// <summary>Waits for enough bytes; null when the connection closed or took too long, or the listener stops.</summary>
    private async Task<bool?> WaitAsync(ConnectionContext connection, PipeReader input, bool hasBegun)
    {
        using var patience = new CancellationTokenSource(hasBegun ? _limits.RequestHeadersTimeout : _limits.KeepAliveTimeout, _time);
        var stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        using var link = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, connection.ConnectionClosed, stopping);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(link.Token);
                var isFirst = !hasBegun && !read.Buffer.IsEmpty;
                if (Decide(input, read) is { } decided)
                {
                    return decided;
                }

                if (read.IsCompleted)
                {
                    return null;
                }

                if (isFirst)
                {
                    hasBegun = true;
                    patience.CancelAfter(_limits.RequestHeadersTimeout);
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
