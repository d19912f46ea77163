namespace BlazeGateway.Policies.Tests.Pipeline.Wire;

/// <summary>Bytes in pieces of given sizes, then an orderly end or a failure.</summary>
internal sealed class PiecesStream(byte[] bytes, IReadOnlyList<int> sizes, bool breaks = false) : Stream
{
    private int _at;
    private int _piece;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_at == bytes.Length)
        {
            return breaks ? ValueTask.FromException<int>(new IOException("The connection was reset.")) : new(0);
        }

        var count = Math.Min(Math.Min(buffer.Length, bytes.Length - _at), sizes[_piece % sizes.Count]);
        _piece += buffer.Length > 0 ? 1 : 0;
        bytes.AsMemory(_at, count).CopyTo(buffer);
        _at += count;
        return new(count);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
