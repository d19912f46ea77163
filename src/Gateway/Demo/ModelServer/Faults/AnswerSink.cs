using System.Buffers;
using System.Net.Sockets;
using BlazeGateway.Demo.ModelServer.Answers;
using Microsoft.AspNetCore.Connections.Features;

namespace BlazeGateway.Demo.ModelServer.Faults;

/// <summary>
/// Where an answer's frames go. Without a fault that is the response itself; with one, frames are cut apart and sent one by one until the fault strikes.
/// </summary>
internal sealed class AnswerSink(ServedRequest request, IStreamFormat? format, TimeProvider time) : IDisposable
{
    private readonly FaultRule? _fault = request.Fault;
    private readonly FrameBuffer? _held = request.Fault is null ? null : new FrameBuffer();
    private int _frames;
    private int _bytes;

    /// <summary>Frames are written here, whole.</summary>
    public IBufferWriter<byte> Output => (IBufferWriter<byte>?)_held ?? request.Http.Response.BodyWriter;

    /// <summary>Whether a fault ended the answer; nothing more may be written.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Sends what was written. False: a fault ended the answer.</summary>
    public async ValueTask<bool> FlushAsync()
    {
        if (_held is null)
        {
            await request.Http.Response.BodyWriter.FlushAsync(request.Http.RequestAborted);
            return true;
        }

        var pending = _held.Written;
        while (!IsOver && pending.Length > 0)
        {
            var frame = pending[..FrameLength(pending.Span)];
            pending = pending[frame.Length..];
            await SendFrameAsync(frame);
        }

        _held.Clear();
        return !IsOver;
    }

    /// <summary>Strikes at once when the fault's place is before the first byte. True: the answer is over.</summary>
    public async ValueTask<bool> StrikeHeadAsync()
    {
        if (_fault is null or { Place: not FaultPlace.Head } or { Kind: FaultKind.Drip })
        {
            return false;
        }

        await StrikeAsync();
        return true;
    }

    public void Dispose() => _held?.Dispose();

    private int FrameLength(ReadOnlySpan<byte> pending)
    {
        var (end, length) = format?.StreamType switch
        {
            "text/event-stream" => (pending.IndexOf("\n\n"u8), 2),
            "application/x-ndjson" => (pending.IndexOf((byte)'\n'), 1),
            _ => (-1, 0),
        };
        return end < 0 ? pending.Length : end + length;
    }

    private async ValueTask SendFrameAsync(ReadOnlyMemory<byte> frame)
    {
        var fault = _fault!;
        var allowed = fault.Kind == FaultKind.Drip ? frame.Length : fault.Place switch
        {
            FaultPlace.After => _frames < fault.At ? frame.Length : 0,
            FaultPlace.Mid => _frames + 1 < fault.At ? frame.Length : frame.Length / 2,
            FaultPlace.Bytes => Math.Min(frame.Length, fault.At - _bytes),
            _ => frame.Length,
        };
        if (fault.Kind == FaultKind.Drip)
        {
            await DripAsync(frame, fault);
        }
        else if (allowed > 0)
        {
            await request.Http.Response.BodyWriter.WriteAsync(frame[..allowed], request.Http.RequestAborted);
        }

        _frames++;
        _bytes += allowed;
        if (allowed < frame.Length)
        {
            await StrikeAsync();
        }
    }

    private async ValueTask DripAsync(ReadOnlyMemory<byte> frame, FaultRule fault)
    {
        for (var sent = 0; sent < frame.Length; sent += fault.At)
        {
            await request.Http.Response.BodyWriter.WriteAsync(frame.Slice(sent, Math.Min(fault.At, frame.Length - sent)), request.Http.RequestAborted);
            await Task.Delay(fault.Pause, time, request.Http.RequestAborted);
        }
    }

    private async ValueTask StrikeAsync()
    {
        IsOver = true;
        var http = request.Http;
        switch (_fault!.Kind)
        {
            case FaultKind.Hang:
                await Task.Delay(Timeout.InfiniteTimeSpan, time, http.RequestAborted);
                break;
            case FaultKind.Reset:
                request.EndedByFault = true;
                Connection(http).Close(0);
                http.Abort();
                break;
            case FaultKind.Close:
                request.EndedByFault = true;
                Connection(http).Shutdown(SocketShutdown.Send);
                http.Abort();
                break;
            case FaultKind.Error when format is not null:
                http.Response.ContentType ??= format.StreamType;
                format.Error(http.Response.BodyWriter, "server_error", "The simulated model server failed on purpose.");
                await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
                break;
            default:
                break;
        }
    }

    private static Socket Connection(HttpContext http) => http.Features.Get<IConnectionSocketFeature>()!.Socket;
}
