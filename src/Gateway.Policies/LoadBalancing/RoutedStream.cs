namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>The bytes of an answer to a request that was sent from code. Its end, a break and <see cref="Stream.Dispose()"/> end the request's place.</summary>
internal sealed class RoutedStream(Stream inner, MessagePlace place, CancellationToken sent) : Stream
{
    /// <inheritdoc />
    public override bool CanRead => inner.CanRead;

    /// <inheritdoc />
    public override bool CanSeek => false;

    /// <inheritdoc />
    public override bool CanWrite => false;

    /// <inheritdoc />
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc />
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc />
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc />
    public override int Read(Span<byte> buffer)
    {
        try
        {
            return Came(inner.Read(buffer), buffer.Length);
        }
        catch (Exception error)
        {
            place.End(LoadBalancer.OutcomeOf(error, sent));
            throw;
        }
    }

    /// <inheritdoc />
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc />
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return Came(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false), buffer.Length);
        }
        catch (Exception error)
        {
            place.End(LoadBalancer.OutcomeOf(error, cancellationToken.IsCancellationRequested ? cancellationToken : sent));
            throw;
        }
    }

    /// <inheritdoc />
    public override void Flush()
    {
    }

    /// <inheritdoc />
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc />
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc />
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            place.End();
        }

        base.Dispose(disposing);
    }

    private int Came(int count, int asked)
    {
        if (count == 0 && asked > 0)
        {
            place.End();
        }

        return count;
    }
}
