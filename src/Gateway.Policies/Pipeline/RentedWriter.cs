using System.Buffers;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Writes into a rented array that is given back whenever it is empty, so that a stream in a pause holds none.</summary>
internal sealed class RentedWriter : IBufferWriter<byte>, IDisposable
{
    private const int Least = 4 * 1024;

    private byte[] _array = [];
    private int _written;
    private int _read;

    /// <summary>Whether everything written was read.</summary>
    public bool IsEmpty => _read == _written;

    /// <summary>Moves as much as fits into <paramref name="target"/>; the number of bytes moved.</summary>
    public int Read(Span<byte> target)
    {
        var count = Math.Min(target.Length, _written - _read);
        _array.AsSpan(_read, count).CopyTo(target);
        _read += count;
        return count;
    }

    /// <summary>Gives the array back. What was not read is lost.</summary>
    public void Dispose()
    {
        var array = _array;
        (_array, _written, _read) = ([], 0, 0);
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    /// <inheritdoc />
    public void Advance(int count) => _written += count;

    /// <inheritdoc />
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(sizeHint);
        return _array.AsMemory(_written);
    }

    /// <inheritdoc />
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Grow(sizeHint);
        return _array.AsSpan(_written);
    }

    private void Grow(int sizeHint)
    {
        if (_array.Length - _written >= Math.Max(1, sizeHint))
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Least, Math.Max(2 * _array.Length, _written + sizeHint)));
        _array.AsSpan(0, _written).CopyTo(larger);
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        _array = larger;
    }
}
