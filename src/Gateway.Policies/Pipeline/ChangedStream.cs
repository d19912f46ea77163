using System.Buffers;
using System.Runtime.CompilerServices;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Passes an answer on with changes that may make more or fewer bytes of it.</summary>
/// <param name="inner">The answer; disposed with this.</param>
internal abstract class ChangedStream(Stream inner) : ReadOnlyStream
{
    private const int ReadBytes = 16 * 1024;

    private byte[] _input = [];
    private bool _ended;

    /// <summary>What is to be passed on.</summary>
    protected RentedWriter Output { get; } = new();

    /// <inheritdoc />
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public sealed override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (Output.IsEmpty)
        {
            if (_ended)
            {
                return 0;
            }

            if (buffer.Length == 0)
            {
                // The forwarder waits like this before every read; a silent stream holds no memory meanwhile.
                Release();
                return await inner.ReadAsync(buffer, cancellationToken);
            }

            if (_input.Length == 0)
            {
                _input = ArrayPool<byte>.Shared.Rent(ReadBytes);
            }

            var read = await inner.ReadAsync(_input, cancellationToken);
            _ended = read == 0;
            if (_ended)
            {
                Complete();
            }
            else
            {
                Change(_input.AsSpan(0, read));
            }
        }

        Passing();
        return Output.Read(buffer.Span);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Release();
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Bytes of the answer have come.</summary>
    protected abstract void Change(ReadOnlySpan<byte> bytes);

    /// <summary>The answer is at its end.</summary>
    protected abstract void Complete();

    /// <summary>Bytes are about to be passed on.</summary>
    protected virtual void Passing()
    {
    }

    private void Release()
    {
        Output.Dispose();
        var input = _input;
        _input = [];
        if (input.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(input);
        }
    }
}
