using System.Net;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>The content of an answer to a request that was sent from code: passes everything on, and ends the request's place when it is read or disposed.</summary>
internal sealed class RoutedContent : HttpContent
{
    private readonly HttpContent _inner;
    private readonly MessagePlace _place;
    private readonly CancellationToken _cancel;

    public RoutedContent(HttpContent inner, MessagePlace place, CancellationToken cancel)
    {
        (_inner, _place, _cancel) = (inner, place, cancel);
        foreach (var header in inner.Headers.NonValidated)
        {
            Headers.TryAddWithoutValidation(header.Key, header.Value);
        }
    }

    /// <inheritdoc />
    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => new RoutedStream(_inner.ReadAsStream(cancellationToken), _place, _cancel);

    /// <inheritdoc />
    protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

    /// <inheritdoc />
    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
        new RoutedStream(await _inner.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), _place, _cancel);

    /// <inheritdoc />
    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var routed = CreateContentReadStream(cancellationToken);
        routed.CopyTo(stream);
    }

    /// <inheritdoc />
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc />
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var routed = await CreateContentReadStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (routed.ConfigureAwait(false))
        {
            await routed.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
        }
    }

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
            _place.End();
        }

        base.Dispose(disposing);
    }
}
