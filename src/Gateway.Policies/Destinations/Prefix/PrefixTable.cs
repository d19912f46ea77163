using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace BlazeGateway.Policies.Destinations.Prefix;

/// <summary>
/// Blocks and when each was last sent, in sets of eight that fill a cache line: a slot is one word, 40 bits of the block's hash and 24 bits of its stamp,
/// so no reader sees half of a change and a wrong match has a chance of 1 in 10^11. It grows by pieces of 4 KiB: a set that is full of blocks worth
/// keeping splits its segment in two (extendible hashing), which takes a few microseconds and moves nothing of the others. Without room the oldest
/// block of the set goes. Threads do not wait for each other; of changes made to a segment while it is split some may be lost.
/// </summary>
internal sealed class PrefixTable
{
    /// <summary>Bits of a stamp that are kept.</summary>
    public const int StampBits = 24;

    /// <summary>Slots of a segment that is split and no longer doubled.</summary>
    public const int SegmentSlots = 512;

    /// <summary>Slots it starts with, and the least room.</summary>
    public const int LeastSlots = 64;

    private const ulong StampMask = (1UL << StampBits) - 1;
    private const ulong StampHalf = 1UL << (StampBits - 1);
    private const int Ways = 8;

    private ulong[][] _directory = [new ulong[LeastSlots]];
    private int _slots = LeastSlots;
    private int _changing;
    private int _swept;

    /// <summary>Slots there are.</summary>
    public int Slots => Volatile.Read(ref _slots);

    /// <summary>Bytes of all slots and of what finds them.</summary>
    public long Bytes
    {
        get
        {
            var directory = Volatile.Read(ref _directory);
            return ((long)Slots * sizeof(ulong)) + ((long)directory.Length * IntPtr.Size);
        }
    }

    /// <summary>Blocks it has, counted one by one.</summary>
    public int Count()
    {
        var count = 0;
        ulong[]? last = null;
        foreach (var segment in Volatile.Read(ref _directory))
        {
            count += segment == last ? 0 : segment.Length - segment.AsSpan().Count(0UL);
            last = segment;
        }

        return count;
    }

    /// <summary>Whether a block is there whose stamp is <paramref name="edge"/> or later.</summary>
    public bool Has(ulong hash, long edge)
    {
        var set = SetOf(Volatile.Read(ref _directory), hash);
        var at = Find(set, TagOf(hash));
        return at >= 0 && ((Volatile.Read(ref set[at]) - (ulong)edge) & StampMask) < StampHalf;
    }

    /// <summary>Stamps a block that is there; false when it is not.</summary>
    /// <param name="hash">The block.</param>
    /// <param name="stamp">Its new stamp.</param>
    /// <param name="before">The low bits of the stamp it had; −1 when another thread stamped it at the same time.</param>
    public bool TryStamp(ulong hash, long stamp, out int before)
    {
        var set = SetOf(Volatile.Read(ref _directory), hash);
        var tag = TagOf(hash);
        var at = Find(set, tag);
        before = -1;
        if (at < 0)
        {
            return false;
        }

        var old = Volatile.Read(ref set[at]);
        if ((old & ~StampMask) == tag && Interlocked.CompareExchange(ref set[at], tag | ((ulong)stamp & StampMask), old) == old)
        {
            before = (int)(old & StampMask);
        }

        return true;
    }

    /// <summary>Adds a block that is not there.</summary>
    /// <param name="hash">The block.</param>
    /// <param name="stamp">Its stamp.</param>
    /// <param name="keep">Blocks stamped before are not worth growing for.</param>
    /// <param name="room">Most slots.</param>
    public void Add(ulong hash, long stamp, long keep, int room)
    {
        var entry = TagOf(hash) | ((ulong)stamp & StampMask);
        for (var grown = 0; ; grown++)
        {
            var directory = Volatile.Read(ref _directory);
            var set = SetOf(directory, hash);
            var at = Oldest(set, (ulong)stamp, out var victim);
            if (victim != 0 && grown < 2 && ((victim - (ulong)keep) & StampMask) < StampHalf && TryGrow(directory, hash, room))
            {
                continue;
            }

            Interlocked.CompareExchange(ref set[at], entry, victim);
            return;
        }
    }

    /// <summary>Drops blocks stamped before <paramref name="oldest"/> from one part in 64 of the table, so that no stamp outlives its bits.</summary>
    public void Sweep(long oldest)
    {
        var directory = Volatile.Read(ref _directory);
        for (var most = (directory.Length / 64) + 1; most > 0; most--)
        {
            foreach (ref var slot in directory[(int)((uint)Interlocked.Increment(ref _swept) % (uint)directory.Length)].AsSpan())
            {
                var entry = Volatile.Read(ref slot);
                if (entry != 0 && ((entry - (ulong)oldest) & StampMask) >= StampHalf)
                {
                    Interlocked.CompareExchange(ref slot, 0, entry);
                }
            }
        }
    }

    /// <summary>Makes it fit into less room, for a change of configuration: the newest blocks stay.</summary>
    /// <param name="room">Most slots.</param>
    /// <param name="now">Stamp nothing is newer than.</param>
    public void Fit(int room, long now)
    {
        if (Slots <= room || Interlocked.Exchange(ref _changing, 1) != 0)
        {
            return;
        }

        var old = Volatile.Read(ref _directory);
        var smaller = Empty(room);
        ulong[]? last = null;
        foreach (var segment in old)
        {
            foreach (var entry in segment == last ? [] : segment.AsSpan())
            {
                Keep(SetOf(smaller, entry), entry, (ulong)now);
            }

            last = segment;
        }

        Publish(smaller, smaller.Length * smaller[0].Length);
        Volatile.Write(ref _changing, 0);
    }

    private static ulong[][] Empty(int room)
    {
        var slots = (int)BitOperations.RoundUpToPowerOf2((uint)room + 1) / 2;
        var segment = Math.Min(SegmentSlots, Math.Max(LeastSlots, slots));
        var directory = new ulong[Math.Max(1, slots / segment)][];
        foreach (ref var each in directory.AsSpan())
        {
            each = new ulong[segment];
        }

        return directory;
    }

    private static void Keep(Span<ulong> set, ulong entry, ulong now)
    {
        var at = Oldest(set, now, out var victim);
        if (entry != 0 && (victim == 0 || ((now - victim) & StampMask) > ((now - entry) & StampMask)))
        {
            set[at] = entry;
        }
    }

    private static ulong TagOf(ulong hash) => (hash & ~StampMask) == 0 ? StampMask + 1 : hash & ~StampMask;

    // The top bits choose the segment, the lowest of those that are kept the set, so that slots tell where they belong when a segment is split.
    private static int IndexOf(ulong[][] directory, ulong hash) => (int)(((hash >> 32) * (ulong)directory.Length) >> 32);

    private static Span<ulong> SetOf(ulong[][] directory, ulong hash)
    {
        var segment = directory[IndexOf(directory, hash)];
        return segment.AsSpan(((int)(hash >> StampBits) & ((segment.Length / Ways) - 1)) * Ways, Ways);
    }

    private static int Find(Span<ulong> set, ulong tag)
    {
        ref var first = ref MemoryMarshal.GetReference(set);
        var mask = Vector256.Create(~StampMask);
        var wanted = Vector256.Create(tag);
        var low = Vector256.Equals(Vector256.LoadUnsafe(ref first) & mask, wanted);
        var high = Vector256.Equals(Vector256.LoadUnsafe(ref first, 4) & mask, wanted);
        var found = low.ExtractMostSignificantBits() | (high.ExtractMostSignificantBits() << 4);
        return found == 0 ? -1 : BitOperations.TrailingZeroCount(found);
    }

    // An empty slot counts as the oldest.
    private static int Oldest(Span<ulong> set, ulong now, out ulong victim)
    {
        var (at, most) = (0, 0UL);
        victim = 0;
        for (var i = 0; i < set.Length; i++)
        {
            var entry = Volatile.Read(ref set[i]);
            if (entry == 0)
            {
                victim = 0;
                return i;
            }

            // A stamp that another thread took after this one is not old.
            var age = (now - entry) & StampMask;
            age = age < StampHalf ? age : 0;
            if (age >= most)
            {
                (at, most, victim) = (i, age, entry);
            }
        }

        return at;
    }

    private bool TryGrow(ulong[][] seen, ulong hash, int room)
    {
        var slots = Slots;
        if (slots + Math.Min(slots, SegmentSlots) > room || Interlocked.Exchange(ref _changing, 1) != 0)
        {
            return false;
        }

        var grown = seen == Volatile.Read(ref _directory) && (seen[0].Length < SegmentSlots ? TryDouble(seen, room) : TrySplit(seen, hash, room));
        Volatile.Write(ref _changing, 0);
        return grown;
    }

    private bool TryDouble(ulong[][] directory, int room)
    {
        var old = directory[0];
        if (old.Length * 2 > room)
        {
            return false;
        }

        ulong[][] next = [new ulong[old.Length * 2]];
        foreach (var entry in old)
        {
            if (entry != 0)
            {
                var set = SetOf(next, entry);
                set[set.IndexOf(0UL)] = entry;
            }
        }

        Publish(next, next[0].Length);
        return true;
    }

    private bool TrySplit(ulong[][] directory, ulong hash, int room)
    {
        if (_slots + SegmentSlots > room)
        {
            return false;
        }

        var index = IndexOf(directory, hash);
        var segment = directory[index];
        var (from, to) = (index, index + 1);
        while (from > 0 && directory[from - 1] == segment)
        {
            from--;
        }

        while (to < directory.Length && directory[to] == segment)
        {
            to++;
        }

        // One that has a single place is split in the next directory, which has twice the places and not more than four for each segment there is room for.
        var scale = to - from > 1 ? 1 : 2;
        if (scale == 2 && (long)directory.Length * SegmentSlots > 2L * room)
        {
            return false;
        }

        var next = new ulong[directory.Length * scale][];
        for (var i = 0; i < next.Length; i++)
        {
            next[i] = directory[i / scale];
        }

        var middle = (from + to) * scale / 2;
        var upper = new ulong[SegmentSlots];
        for (var i = 0; i < segment.Length; i++)
        {
            var entry = Volatile.Read(ref segment[i]);
            upper[i] = IndexOf(next, entry) >= middle ? entry : 0;
        }

        next.AsSpan(middle, (to * scale) - middle).Fill(upper);
        Publish(next, _slots + SegmentSlots);
        for (var i = 0; i < segment.Length; i++)
        {
            if (upper[i] != 0)
            {
                Interlocked.CompareExchange(ref segment[i], 0, upper[i]);
            }
        }

        return true;
    }

    private void Publish(ulong[][] directory, int slots)
    {
        Volatile.Write(ref _directory, directory);
        Volatile.Write(ref _slots, slots);
    }
}
