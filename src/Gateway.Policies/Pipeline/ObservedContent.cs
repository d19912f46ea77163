using System.Net;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>An answer's content, read through a stream that watches it.</summary>
internal sealed class ObservedContent : HttpContent
{
    private readonly HttpContent _inner;
    private readonly RequestContext _context;
    private readonly bool _isStream;
    private readonly bool _isRewritten;

    public ObservedContent(HttpContent inner, RequestContext context, bool isStream, bool isRewritten)
    {
        _inner = inner;
        _context = context;
        _isStream = isStream;
        _isRewritten = isRewritten;
    }

    /// <inheritdoc />
    protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

    /// <inheritdoc />
    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken)
    {
        var observed = new ObservedStream(await _inner.ReadAsStreamAsync(cancellationToken), _context, _isStream, cancellationToken);
        Stream answer = _isRewritten ? AnswerRewrite.Wrap(observed, _context, _isStream) : observed;
        return _isStream && _context.Continuation is { } continuation ? continuation.Wrap(answer) : answer;
    }

    /// <inheritdoc />
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => _inner.CopyToAsync(stream, context);

    /// <inheritdoc />
    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
