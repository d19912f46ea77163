using System.Buffers;

namespace BlazeGateway.Policies.Pipeline.Body;

/// <summary>
/// A request body held in pooled blocks, so that it can be read before the pick and sent as often as attempts need it.
/// One buffer belongs to one request context and is reused with it.
/// </summary>
internal sealed class BodyBuffer
{
    /// <summary>Largest block rented; smaller bodies of known length get one block of their own size.</summary>
    public const int BlockBytes = 64 * 1024;

    private readonly List<Block> _blocks = [];
    private int _used;

    /// <summary>Bytes held.</summary>
    public long Length { get; private set; }

    /// <summary>Whether anything is rented.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>The bytes held, valid until <see cref="Clear"/>.</summary>
    public ReadOnlySequence<byte> Content =>
        _used == 0 ? ReadOnlySequence<byte>.Empty : new(_blocks[0], 0, _blocks[_used - 1], _blocks[_used - 1].Filled);

    /// <summary>Bytes that the next <see cref="Free"/> will rent; 0 while there is room.</summary>
    /// <param name="expected">Bytes still expected, if known, else 0.</param>
    public int Wanted(long expected) => _used == 0 || _blocks[_used - 1].Remaining == 0 ? (int)Math.Clamp(expected, 512, BlockBytes) : 0;

    /// <summary>Free memory at the end; rents a block when the last one is full.</summary>
    /// <param name="expected">Bytes still expected, if known, else 0.</param>
    public Memory<byte> Free(long expected)
    {
        if (Wanted(expected) is > 0 and var bytes)
        {
            Append(bytes);
        }

        return _blocks[_used - 1].Free;
    }

    /// <summary>Counts bytes written into the memory last returned by <see cref="Free"/>.</summary>
    public void Advance(int bytes)
    {
        _blocks[_used - 1].Advance(bytes);
        Length += bytes;
    }

    /// <summary>Returns every block to the pool.</summary>
    public void Clear()
    {
        for (var i = 0; i < _used; i++)
        {
            _blocks[i].Return();
        }

        _used = 0;
        Length = 0;
    }

    private void Append(int bytes)
    {
        if (_used == _blocks.Count)
        {
            _blocks.Add(new Block());
        }

        var block = _blocks[_used];
        block.Rent(bytes, Length);
        if (_used > 0)
        {
            _blocks[_used - 1].Link(block);
        }

        _used++;
    }

    private sealed class Block : ReadOnlySequenceSegment<byte>
    {
        private byte[] _array = [];

        public int Filled { get; private set; }

        public int Remaining => _array.Length - Filled;

        public Memory<byte> Free => _array.AsMemory(Filled);

        public void Rent(int bytes, long runningIndex)
        {
            _array = ArrayPool<byte>.Shared.Rent(bytes);
            Filled = 0;
            RunningIndex = runningIndex;
            Memory = _array.AsMemory(0, 0);
            Next = null;
        }

        public void Advance(int bytes)
        {
            Filled += bytes;
            Memory = _array.AsMemory(0, Filled);
        }

        public void Link(Block next) => Next = next;

        public void Return()
        {
            ArrayPool<byte>.Shared.Return(_array);
            _array = [];
            Memory = default;
            Next = null;
            Filled = 0;
        }
    }
}
