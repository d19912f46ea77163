using System.Numerics;
using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Observability;

/// <summary>
/// Bounded queue of access records for many writers and one reader. Each slot carries a sequence number that says whose turn it is,
/// so neither side locks or allocates (Dmitry Vyukov, "Bounded MPMC queue").
/// </summary>
internal sealed class RecordRing
{
    private readonly Slot[] _slots;
    private readonly int _mask;
    private PaddedIndex _tail;
    private PaddedIndex _head;

    public RecordRing(int capacity)
    {
        if (capacity < 2 || !BitOperations.IsPow2(capacity))
        {
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "The capacity must be a power of two, 2 or more.");
        }

        _slots = new Slot[capacity];
        _mask = capacity - 1;
        for (var i = 0; i < capacity; i++)
        {
            _slots[i].Sequence = i;
        }
    }

    /// <summary>False when the ring is full.</summary>
    public bool TryEnqueue(in AccessRecord record)
    {
        var position = Volatile.Read(ref _tail.Value);
        while (true)
        {
            ref var slot = ref _slots[(int)position & _mask];
            var lag = Volatile.Read(ref slot.Sequence) - position;
            if (lag < 0)
            {
                return false;
            }

            var seen = lag > 0 ? Volatile.Read(ref _tail.Value) : Interlocked.CompareExchange(ref _tail.Value, position + 1, position);
            if (lag == 0 && seen == position)
            {
                slot.Record = record;
                Volatile.Write(ref slot.Sequence, position + 1);
                return true;
            }

            position = seen;
        }
    }

    /// <summary>False when the ring is empty or the next writer has not finished. For one reader.</summary>
    public bool TryDequeue(out AccessRecord record)
    {
        var position = _head.Value;
        ref var slot = ref _slots[(int)position & _mask];
        if (Volatile.Read(ref slot.Sequence) != position + 1)
        {
            record = default;
            return false;
        }

        record = slot.Record;
        slot.Record = default;
        Volatile.Write(ref slot.Sequence, position + _slots.Length);
        _head.Value = position + 1;
        return true;
    }

    private struct Slot
    {
        public long Sequence;
        public AccessRecord Record;
    }

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit, Size = 128)]
    private struct PaddedIndex
    {
        [System.Runtime.InteropServices.FieldOffset(64)]
        public long Value;
    }
}
