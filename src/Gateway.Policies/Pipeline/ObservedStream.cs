using System.Buffers;
using System.Runtime.CompilerServices;
using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Http.Features;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Passes an answer's bytes on unchanged and watches them: first content, gaps, usage, how it ends. Keeps the limits on waiting. A stream that
/// breaks off between frames is finished with an error frame; one that begins with an error is not begun at all.
/// </summary>
internal sealed class ObservedStream : ReadOnlyStream
{
    private readonly Stream _inner;
    private readonly RequestContext _context;
    private readonly bool _isStream;
    private readonly CancellationTokenRegistration _abandoned;
    private bool _begun;

    // Set between a wait and the read of what came, for which one limit holds.
    private bool _isAwaited;
    private Exception? _broken;
    private bool _ended;
    private long _passed;

    public ObservedStream(Stream inner, RequestContext context, bool isStream, CancellationToken abandoned)
    {
        _inner = inner;
        _context = context;
        _isStream = isStream;
        context.Deadline.BeginStreaming();
        _abandoned = abandoned.UnsafeRegister(static state => ((Deadline)state!).CancelRead(), context.Deadline);
    }

    /// <inheritdoc />
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_ended)
        {
            // After the error frame: an end would tell libraries that do not know such a frame that the answer is whole.
            return _context.AnswerEnd == AnswerEnd.BrokenAtFrame ? throw new AnswerCutException(_broken) : 0;
        }

        int filled;
        try
        {
            // The limit to the first byte goes on from the forwarding until the body begins: model servers send headers before the prefill.
            if (_begun && !_isAwaited)
            {
                Limit();
            }

            if (_broken is not null)
            {
                return Break(buffer.Span, _broken, cancellationToken);
            }

            filled = await _inner.ReadAsync(buffer, _context.Deadline.Read);

            // The forwarder waits with an empty buffer, so that a silent stream holds no memory.
            _isAwaited = buffer.Length == 0;
            if (_isAwaited)
            {
                return 0;
            }

            _context.Deadline.Clear();
            if (!_begun && _isStream)
            {
                filled = await BeginAsync(buffer, filled);
            }
        }
        catch (Exception exception) when (exception is not FirstEventException && !_ended)
        {
            if (buffer.Length == 0)
            {
                _broken = exception;
                return 0;
            }

            return Break(buffer.Span, exception, cancellationToken);
        }

        (_begun, _ended) = (true, filled == 0);
        if (_ended)
        {
            _context.Scanner.Complete();
            _context.AnswerEnd = AnswerEnd.Complete;
            return 0;
        }

        Observe(buffer.Span[..filled]);
        return filled;
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _abandoned.Dispose();
            _context.Deadline.Clear();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Limit()
    {
        var now = _context.Time.GetTimestamp();
        if (_passed > 0)
        {
            _context.Record.Held += now - _passed;
            _passed = 0;
        }

        _context.Deadline.Await(now, _context.Route.BetweenChunksTicks ?? _context.Cluster!.BetweenChunksTicks);
        _context.Continuation?.Watch();
    }

    /// <summary>Reads until the first event tells whether the stream is an answer or an error in the shape of one.</summary>
    private async ValueTask<int> BeginAsync(Memory<byte> buffer, int filled)
    {
        var ended = filled == 0;
        while (true)
        {
            _context.Came(_context.Time.GetTimestamp());
            var bytes = buffer.Span[..filled];
            var first = FirstEvent.Classify(_context.Dialect, bytes, ended);
            if (first.Kind is FirstEventKind.ClientError or FirstEventKind.ServerError)
            {
                _ended = true;
                _context.AnswerEnd = AnswerEnd.ErrorFirst;
                _context.FirstEvent = FirstEventError.From(first, _context.Dialect, bytes);
                throw new FirstEventException();
            }

            if (first.Kind == FirstEventKind.Answer || filled == buffer.Length || IsSignOfLife(bytes))
            {
                return filled;
            }

            Limit();
            var read = await _inner.ReadAsync(buffer[filled..], _context.Deadline.Read);
            _context.Deadline.Clear();
            ended = read == 0;
            filled += read;
        }
    }

    /// <summary>A comment, an empty line or a block without data before the first event is a sign of life that the client waits for; the status goes out with it.</summary>
    private static bool IsSignOfLife(ReadOnlySpan<byte> bytes) =>
        bytes is [(byte)':' or (byte)'\n' or (byte)'\r', ..] || bytes.EndsWith("\n\n"u8) || bytes.EndsWith("\n\r\n"u8) || bytes.EndsWith("\r\r"u8);

    private void Observe(ReadOnlySpan<byte> bytes)
    {
        ref var record = ref _context.Record;
        if (record.BytesOut == 0)
        {
            _context.ReleaseBody();
        }

        record.BytesOut += bytes.Length;
        var now = _context.Time.GetTimestamp();
        _context.Came(now);
        if ((_context.Scanner.Feed(bytes) & StreamMarks.Content) == StreamMarks.None)
        {
            return;
        }

        _passed = now;
        if (record.ToFirstContent < 0)
        {
            record.ToFirstContent = now - record.Started;
            if (_isStream)
            {
                _context.FirstChunk(now);
            }

            return;
        }

        record.Generation = now - record.Started - record.ToFirstContent;
    }

    /// <summary>The destination failed, stood still, or the client left: finishes the stream in good order where that is possible.</summary>
    private int Break(Span<byte> buffer, Exception cause, CancellationToken abandoned)
    {
        _ended = true;
        _context.Deadline.Clear();
        abandoned.ThrowIfCancellationRequested();
        if (!_begun)
        {
            // Nothing has reached the client: the forwarder clears what it prepared.
            throw new AnswerCutException(cause);
        }

        _context.Http.Features.Set<IHttpResetFeature>(DeferredReset.Instance);
        if (_context.Continuation?.TryTakeBreak() == true)
        {
            // It may go on from another destination; if it does not, the pipeline ends it.
            throw new AnswerCutException(cause);
        }

        if (!_isStream || !_context.Scanner.AtFrameBoundary || !_context.Route.EndsBrokenStreams || _context.Http.Response.ContentLength is not null)
        {
            throw new AnswerCutException(cause);
        }

        _broken = cause;
        _context.AnswerEnd = AnswerEnd.BrokenAtFrame;
        var error = _context.Deadline.Expired is not Expiry.None and var expired ? ForwardFailure.Of(expired) : GatewayError.UpstreamReset;
        _context.Error = error;
        var frame = new ArrayBufferWriter<byte>(256);
        ErrorEnvelope.WriteFrame(frame, _context.Dialect, error);
        frame.WrittenSpan.CopyTo(buffer);
        return frame.WrittenCount;
    }
}
