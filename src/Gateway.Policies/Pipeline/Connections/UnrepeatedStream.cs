using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;

namespace BlazeGateway.Policies.Pipeline.Connections;

/// <summary>
/// One HTTP/1.1 connection to a destination, as the HTTP client reads and writes it. The client sends a request without a body again, up to three times and whatever
/// its method, when the connection ends before a byte of the answer; here such an end is an error, on which it does not, unless the destination did not take the request.
/// Every read that waits is looked at when it ends, as the client begins the read of an answer before it writes the request. That allocates nothing: the connection itself is what
/// its one such read is waited for on.
/// </summary>
internal sealed class UnrepeatedStream(Stream inner) : Stream, IValueTaskSource<int>
{
    private const int TcpClosed = 7;
    private const int Tcp = 6;
    private const int TcpFacts = 11;

    // Offset of the segments that were sent and not acknowledged in what Linux tells of a connection (struct tcp_info).
    private const int Unacknowledged = 24;

    // Nothing was written since the last byte came; it is being written; it was.
    private const int Idle = 0;
    private const int Writing = 1;
    private const int Asked = 2;

    // Looks at a write that is just being made, before its outcome is taken to be unknown.
    private const int MostLooks = 1000;

    private int _phase;
    private bool _isTunnel;

    // How much of the start of a tunnel's answer came in reads that ended within it.
    private int _switched;

    // The read that waits: whether there is one, what the client waits on, and the connection's own part of it.
    private bool _isWaiting;
    private ManualResetValueTaskSourceCore<int> _waited;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _reading;
    private Memory<byte> _buffer;
    private Action? _whenRead;

    private static ReadOnlySpan<byte> Switched => "HTTP/1.1 101"u8;

    /// <inheritdoc />
    public override bool CanRead => true;

    /// <inheritdoc />
    public override bool CanSeek => false;

    /// <inheritdoc />
    public override bool CanWrite => true;

    /// <inheritdoc />
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc />
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The connection as the HTTP client is to see it.</summary>
    public static ValueTask<Stream> Wrap(SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellationToken) =>
        new(context.NegotiatedHttpVersion.Major == 1 ? new UnrepeatedStream(context.PlaintextStream) : context.PlaintextStream);

    /// <inheritdoc />
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var reading = inner.ReadAsync(buffer, cancellationToken);
        return buffer.IsEmpty || _isTunnel ? reading
            : reading.IsCompleted ? (reading.IsCompletedSuccessfully ? new(Came(reading.Result, buffer.Span)) : reading)
            : Interlocked.Exchange(ref _isWaiting, true) ? WaitAsync(reading, buffer)
            : Wait(reading, buffer);
    }

    /// <inheritdoc />
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc />
    public override int Read(Span<byte> buffer) => Came(inner.Read(buffer), buffer);

    /// <inheritdoc />
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc />
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Volatile.Write(ref _phase, Writing);
        var writing = inner.WriteAsync(buffer, cancellationToken);

        // The answer may be here already.
        Interlocked.CompareExchange(ref _phase, Asked, Writing);
        return writing;
    }

    /// <inheritdoc />
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc />
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Volatile.Write(ref _phase, Writing);
        inner.Write(buffer);
        Interlocked.CompareExchange(ref _phase, Asked, Writing);
    }

    /// <inheritdoc />
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc />
    public override void Flush() => inner.Flush();

    /// <inheritdoc />
    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <inheritdoc />
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc />
    public override void SetLength(long value) => throw new NotSupportedException();

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _waited.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _waited.OnCompleted(continuation, state, token, flags);

    int IValueTaskSource<int>.GetResult(short token)
    {
        if (_waited.GetStatus(token) == ValueTaskSourceStatus.Pending)
        {
            throw new InvalidOperationException("The read has not ended.");
        }

        try
        {
            return _waited.GetResult(token);
        }
        finally
        {
            // From here on the token is no longer valid, so the result is taken once.
            _waited.Reset();
            Volatile.Write(ref _isWaiting, false);
        }
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private ValueTask<int> Wait(ValueTask<int> reading, Memory<byte> buffer)
    {
        var token = _waited.Version;
        _buffer = buffer;
        _reading = reading.ConfigureAwait(false).GetAwaiter();
        _reading.UnsafeOnCompleted(_whenRead ??= WhenRead);
        return new(this, token);
    }

    // The client goes on from within the last line, with the next read as well: nothing of this one may be touched after it.
    private void WhenRead()
    {
        var (reading, buffer) = (_reading, _buffer);
        (_reading, _buffer) = (default, default);
        int count;
        try
        {
            count = Came(reading.GetResult(), buffer.Span);
        }
        catch (Exception exception)
        {
            _waited.SetException(exception);
            return;
        }

        _waited.SetResult(count);
    }

    // A second read at a time, which the client does not make.
    private async ValueTask<int> WaitAsync(ValueTask<int> reading, Memory<byte> buffer) => Came(await reading.ConfigureAwait(false), buffer.Span);

    private int Came(int count, ReadOnlySpan<byte> buffer)
    {
        if (_isTunnel || buffer.IsEmpty)
        {
            return count;
        }

        var isAsked = Volatile.Read(ref _phase) != Idle;
        if (count == 0)
        {
            return !isAsked || !WasTaken() ? 0 : throw new HttpIOException(HttpRequestError.ResponseEnded, "The destination ended the connection before it answered.");
        }

        if (isAsked)
        {
            Volatile.Write(ref _phase, Idle);
        }

        if (isAsked || _switched > 0)
        {
            SeeSwitch(buffer[..count]);
        }

        return count;
    }

    // After the switch of protocols either side may end whenever it likes.
    private void SeeSwitch(ReadOnlySpan<byte> came)
    {
        var rest = Switched[_switched..];
        var same = rest.CommonPrefixLength(came);
        _isTunnel = same == rest.Length;
        _switched = !_isTunnel && same == came.Length ? _switched + same : 0;
    }

    /// <summary>
    /// Whether the destination may have read what was written. A kept connection may end just when it is used again: its end and the request meet on the way, and the
    /// other side refuses the bytes or does not acknowledge them. Where that cannot be told it may have.
    /// </summary>
    private bool WasTaken()
    {
        if (!OperatingSystem.IsLinux() || (inner is SslStream tls ? InnerOf(tls) : inner) is not NetworkStream { Socket: var socket })
        {
            return true;
        }

        for (var spin = default(SpinWait); Volatile.Read(ref _phase) == Writing && spin.Count < MostLooks;)
        {
            spin.SpinOnce();
        }

        Span<byte> facts = stackalloc byte[Unacknowledged + sizeof(uint)];
        try
        {
            return socket.GetRawSocketOption(Tcp, TcpFacts, facts) < facts.Length
                || (facts[0] != TcpClosed && MemoryMarshal.Read<uint>(facts[Unacknowledged..]) == 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_InnerStream")]
    private static extern Stream InnerOf(AuthenticatedStream stream);
}
