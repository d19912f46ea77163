using System.Buffers;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Resilience;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace BlazeGateway.Policies.Pipeline.Continuation;

/// <summary>
/// A stream that goes on from another destination when its own breaks off: what the client has of it, and what is asked of the next one. Exists only for streams
/// of routes that ask for it; belongs to its request's context. The rules: docs/reference/continuation.md.
/// </summary>
internal sealed class StreamContinuation : IDisposable
{
    /// <summary>More tokens than any model makes of one answer: 16 Mi. Counts beyond are not believed.</summary>
    private const int MostTokens = 1 << 24;

    private readonly RequestContext _context;
    private readonly ContinuableRequest _request;
    private readonly int _maxText;
    private byte[] _text = [];
    private int _length;
    private int _before;
    private int _chunks;
    private int _told = -1;
    private LaterResponse? _response;
    private GatewayError _error = GatewayError.UpstreamReset;
    private ContinuationResult _result = ContinuationResult.Exhausted;
    private bool _wasBroken;
    private bool _breaks;
    private bool _refused;
    private (long BeforeForward, long ToHeaders) _first;
    private long _firstContent = -1;
    private long _lastContent = -1;
    private long _room;
    private DestinationAvailability? _watched;
    private int _epoch;

    private StreamContinuation(RequestContext context, ContinuableRequest request)
    {
        _context = context;
        _request = request;
        _maxText = context.Route.Options.Continuation.MaxTextBytes;
    }

    /// <summary>How the first stream names the answer.</summary>
    public ChunkHead Head { get; } = new();

    /// <summary>Whether it may still go on elsewhere.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>Whether the attempt at hand continues an earlier one.</summary>
    public bool IsContinued { get; private set; }

    /// <summary>Body of the attempt at hand; null for the first one, which sends the client's.</summary>
    public byte[]? Body { get; private set; }

    /// <summary>Whether the model said why it ended.</summary>
    public bool IsFinished { get; set; }

    /// <summary>Whether <c>[DONE]</c> was passed on.</summary>
    public bool IsDone { get; set; }

    /// <summary>Tokens of the prompt as the first stream told them, −1 when it did not.</summary>
    public int Prompt { get; private set; } = -1;

    /// <summary>Tokens the attempts before the one at hand generated.</summary>
    public int Before => _before;

    private int Generated => _before + Math.Max(_told, _told < 0 ? _chunks : 0);

    /// <summary>For the stream that begins; null when it could not be continued.</summary>
    public static StreamContinuation? TryBegin(RequestContext context, HttpContent content)
    {
        if (context.Record.Operation is not (Operation.ChatCompletions or Operation.Completions) || context.Failover is null || content.Headers.ContentLength is not null
            || !ContinuingKinds.Contains(context.Cluster!.Options.ModelServer?.Kind))
        {
            return null;
        }

        return ContinuableRequest.Read(context) is { } request ? new StreamContinuation(context, request) : null;
    }

    /// <summary>The stream the client gets in place of <paramref name="answer"/>, which is that of the attempt at hand.</summary>
    public ContinuableStream Wrap(Stream answer)
    {
        _breaks = false;
        _watched = _context.Failover!.AvailabilityOf(_context);
        _epoch = _watched.Word.Epoch;
        return new ContinuableStream(answer, this);
    }

    /// <summary>
    /// While the next bytes are waited for the attempt is given up when its destination turns out to be gone, where another one would be asked: a stream that could go
    /// nowhere else may still flow.
    /// </summary>
    public void Watch()
    {
        if (IsOpen && !IsComplete && _watched is { } destination && _context.HasRoom(Needed - _room) && _context.Failover!.MayContinue(_context))
        {
            _context.Deadline.WaitFor(destination, _epoch);
        }
    }

    /// <summary>The attempt at hand passes bytes on.</summary>
    public void Pass()
    {
        if (_response is { } later)
        {
            later.HasStarted = true;
        }
    }

    /// <summary>Keeps text the client gets; past the limit the stream is not continued any more.</summary>
    public void Add(ReadOnlySpan<byte> text)
    {
        _chunks += text.IsEmpty ? 0 : 1;
        if (!IsOpen || text.IsEmpty)
        {
            return;
        }

        if (text.Length > _maxText - _length || !HasRoom(text.Length))
        {
            Close();
            return;
        }

        text.CopyTo(_text.AsSpan(_length));
        _length += text.Length;
    }

    /// <summary>The stream tells token counts: of the prompt, and of the answer so far. What cannot be is not believed.</summary>
    public void Tell(int prompt, int completion)
    {
        _told = completion >= 0 && completion <= (_request.MaxTokens - _before ?? MostTokens) ? completion : _told;
        Prompt = IsContinued || prompt < 0 ? Prompt : prompt;
    }

    /// <summary>The stream brought what cannot be continued, or more than may be kept: lets go of what was kept for it.</summary>
    public void Close()
    {
        IsOpen = false;
        ReturnText();
        _context.ReleaseBody();
    }

    /// <summary>Reserves room for what is held of the answer; false when the process holds as much as it may.</summary>
    public bool TryReserve(int bytes) => _context.TryReserve(bytes);

    /// <summary>Gives room back.</summary>
    public void Release(int bytes) => _context.Release(bytes);

    /// <summary>Notes that the stream broke off. True when nothing is to be put in, because it may go on or is ended by <see cref="CloseAsync"/>.</summary>
    public bool TryTakeBreak() => _breaks = IsOpen || IsContinued;

    /// <summary>Notes that the next destination is not asked for want of budget.</summary>
    public void LacksBudget() => _result = ContinuationResult.Budget;

    /// <summary>The stream ended in the middle of the answer, as if it were whole.</summary>
    public void EndsEarly()
    {
        TryTakeBreak();
        _context.AnswerEnd = AnswerEnd.None;
        _context.Http.Features.Set<IHttpResetFeature>(DeferredReset.Instance);
    }

    /// <summary>Whether what the next destination answers continues nothing.</summary>
    public bool Refuses(HttpResponseMessage answer)
    {
        if (_response is null)
        {
            return false;
        }

        var headers = answer.Content.Headers.NonValidated;
        _refused = answer.StatusCode != System.Net.HttpStatusCode.OK || headers.Contains(HeaderNames.ContentEncoding)
            || !headers.TryGetValues(HeaderNames.ContentType, out var type) || !type.ToString().StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
        return _refused;
    }

    /// <summary>Whether the stream broke off once after text had come.</summary>
    public bool WasBroken => _wasBroken;

    /// <summary>Called when an attempt has ended: true when another destination is to go on, for which the context is ready then.</summary>
    public bool GoesOn()
    {
        var isBroken = _breaks;
        _breaks = false;
        var expired = _context.Deadline.Expired;
        if (_wasBroken && expired is Expiry.Total or Expiry.Shutdown)
        {
            // Nobody would go on, whatever broke off before.
            _error = ForwardFailure.Of(expired);
        }

        // What has not reached the client yet was the failover's to send again.
        if (!isBroken || !_context.Http.Response.HasStarted)
        {
            return false;
        }

        _wasBroken = true;
        _error = _context.Error ?? GatewayError.UpstreamReset;
        if (!IsOpen || IsComplete || expired == Expiry.Shutdown || Departure.Of(_context.Http) || Departure.IsTimeout(_context.Http))
        {
            return false;
        }

        // The body for the next destination is held beside the client's, and takes the place of the one before.
        if (!_context.TryReserve(Needed - _room))
        {
            _result = ContinuationResult.Exhausted;
            return false;
        }

        _room = Needed;

        if (_context.Failover!.WhyNotContinued(_context) is { } reason)
        {
            _result = reason;
            return false;
        }

        Switch();
        return true;
    }

    /// <summary>Called when no further attempt is made: gives the response back, and ends a stream that was broken off and has no end yet.</summary>
    public async ValueTask CloseAsync()
    {
        Uncover();
        if (!_wasBroken)
        {
            return;
        }

        var isWhole = _context is { AnswerEnd: AnswerEnd.Complete, Error: null, FirstEvent: null } && !_refused;
        _result = isWhole || IsComplete ? ContinuationResult.Completed : _refused || _context.FirstEvent is not null ? ContinuationResult.Refused : _result;
        if (!isWhole && (Departure.Of(_context.Http) || _context.Error == GatewayError.ClientClosedRequest))
        {
            _context.Error = GatewayError.ClientClosedRequest;
            _context.AnswerEnd = AnswerEnd.Abandoned;
            _result = ContinuationResult.Abandoned;
        }
        else if (!isWhole)
        {
            await EndAsync();
        }

        _context.Cluster!.Metrics.Continued(_result);
    }

    /// <summary>Gives the response back.</summary>
    public void Uncover()
    {
        if (_response is { } later)
        {
            _response = null;
            _context.Http.Features.Set(later.Own);
        }
    }

    /// <summary>Makes of the record of the last attempt one of the whole stream.</summary>
    public void Correct(ref AccessRecord record)
    {
        if (!IsContinued)
        {
            return;
        }

        NoteContent(record);
        (record.BeforeForward, record.ToHeaders) = _first;
        record.ToFirstContent = _firstContent;
        record.Generation = _firstContent < 0 ? -1 : _lastContent - _firstContent;
        record.TokensIn = Prompt >= 0 ? Prompt : record.TokensIn >= 0 ? Math.Max(0, record.TokensIn - _before) : -1;
        record.TokensOut = (int)Math.Min(int.MaxValue, _before + (long)Math.Max(0, record.TokensOut));
    }

    /// <inheritdoc />
    public void Dispose()
    {
        IsOpen = false;
        ReturnText();
        Uncover();
    }

    /// <summary>Whether the client has all of the text, so that no destination is needed.</summary>
    private bool IsComplete => IsFinished || IsDone || _request.MaxTokens - Generated <= 0;

    /// <summary>Bytes of the next destination's body.</summary>
    private long Needed => _context.Body.Length + _length;

    /// <summary>The first text may come from any attempt, and so may the last.</summary>
    private void NoteContent(in AccessRecord record)
    {
        if (record.ToFirstContent >= 0)
        {
            _firstContent = _firstContent < 0 ? record.ToFirstContent : _firstContent;
            _lastContent = record.ToFirstContent + Math.Max(0, record.Generation);
        }
    }

    private bool HasRoom(int bytes)
    {
        if (_text.Length - _length >= bytes)
        {
            return true;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(_maxText, Math.Max(4096, 2 * (_length + bytes))));
        if (!_context.TryReserve(larger.Length - _text.Length))
        {
            ArrayPool<byte>.Shared.Return(larger);
            return false;
        }

        _text.AsSpan(0, _length).CopyTo(larger);
        if (_text.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_text);
        }

        _text = larger;
        return true;
    }

    private void ReturnText()
    {
        var text = _text;
        (_text, _length) = ([], 0);
        if (text.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(text);
        }
    }

    private void Switch()
    {
        ref var record = ref _context.Record;
        _first = IsContinued ? _first : (record.BeforeForward, record.ToHeaders);
        NoteContent(record);
        (_before, _chunks, _told) = (Generated, 0, -1);
        Body = _request.Compose(_context, _text.AsSpan(0, _length), _before);
        IsContinued = true;
        var features = _context.Http.Features;
        _response = new LaterResponse(_response?.Own ?? features.GetRequiredFeature<IHttpResponseFeature>());
        features.Set<IHttpResponseFeature>(_response);
        _context.BeginAgain(RetryCause.Broken, "continued");

        // Another model would not go on with what this one began.
        _context.History.Fallbacks = [];
    }

    private async ValueTask EndAsync()
    {
        var frame = new ArrayBufferWriter<byte>(256);
        _context.FirstEvent = null;
        _context.ErrorMessage = null;
        if (IsComplete)
        {
            _context.Error = null;
            _context.AnswerEnd = AnswerEnd.Complete;
            Head.WriteEnd(frame, _context.Record.Operation, isFinished: IsFinished, isDone: IsDone);
        }
        else
        {
            _context.Error = _error;
            _context.AnswerEnd = _context.Route.EndsBrokenStreams ? AnswerEnd.BrokenAtFrame : AnswerEnd.Broken;
            if (_context.Route.EndsBrokenStreams)
            {
                ErrorEnvelope.WriteFrame(frame, _context.Dialect, _error);
            }
        }

        if (frame.WrittenCount > 0)
        {
            // Not canceled by a token: the server lets go of a client that left or does not read by itself.
            await _context.Http.Response.Body.WriteAsync(frame.WrittenMemory, CancellationToken.None);
            await _context.Http.Response.Body.FlushAsync(CancellationToken.None);
        }
    }
}
