using System.Numerics;

namespace BlazeGateway.Policies.Destinations.Prefix;

/// <summary>
/// A clock that counts blocks as they are sent, and how many blocks were last sent in each of its ticks. From both follows a block's rank: how many
/// different blocks were sent after it, which is what decides whether a cache that gives up the least recently used has it still. Ranks are exact but for
/// what lies within one tick, which is shared out evenly.
/// </summary>
internal sealed class RecencyClock
{
    /// <summary>Longest tick, so that all ticks and the time of a sweep are below half of what a stamp can tell apart.</summary>
    public const int MaxTick = 4096;

    /// <summary>Most blocks stamped at once.</summary>
    private const int MaxAdvance = 256;

    private readonly int[] _last;
    private readonly int _shift;
    private readonly int _ahead;
    private long _now;

    /// <param name="size">Blocks the cache has, as far as known; ticks are a 32nd of it.</param>
    /// <param name="room">Blocks there is room to remember.</param>
    public RecencyClock(int size, int room)
    {
        var ticks = (int)Math.Clamp(BitOperations.RoundUpToPowerOf2((uint)room) / 8, 32, 512);
        var tick = Math.Clamp(Math.Max(size / 32, 4 * Math.Min(size, room) / ticks), 1, MaxTick);
        _shift = BitOperations.Log2((uint)tick);

        // Ticks to come are empty before anybody is in them.
        _ahead = (MaxAdvance >> _shift) + 2;
        _last = new int[BitOperations.RoundUpToPowerOf2((uint)(ticks + (2 * _ahead)))];
        _now = (long)_last.Length << _shift;
    }

    /// <summary>The next stamp.</summary>
    public long Now => Volatile.Read(ref _now);

    /// <summary>The oldest stamp it tells a rank for.</summary>
    public long Oldest => ((Now >> _shift) - (_last.Length - _ahead - 1)) << _shift;

    /// <summary>Stamps in a tick.</summary>
    public int Tick => 1 << _shift;

    /// <summary>Bytes of its counters.</summary>
    public int Bytes => _last.Length * sizeof(int);

    /// <summary>Beginning of the tick of <paramref name="stamp"/>.</summary>
    public long TickOf(long stamp) => stamp >> _shift << _shift;

    /// <summary>Takes <paramref name="count"/> stamps and returns the first.</summary>
    /// <param name="count">At most 256.</param>
    /// <param name="turned">Whether a new tick began.</param>
    public long Advance(int count, out bool turned)
    {
        var end = Interlocked.Add(ref _now, count);
        var tick = (end - count) >> _shift;
        turned = end >> _shift != tick;
        while (tick < end >> _shift)
        {
            Volatile.Write(ref CountOf(++tick + _ahead), 0);
        }

        return end - count;
    }

    /// <summary>Counts the blocks that got the stamps from <paramref name="first"/> on.</summary>
    public void Add(long first, int count)
    {
        while (count > 0)
        {
            var here = (int)Math.Min(count, ((first >> _shift) + 1 << _shift) - first);
            Interlocked.Add(ref CountOf(first >> _shift), here);
            (first, count) = (first + here, count - here);
        }
    }

    /// <summary>Takes blocks out that were last sent in the tick of <paramref name="stamp"/> and are sent again.</summary>
    public void Remove(long stamp, int count)
    {
        if (count > 0 && stamp >= Oldest)
        {
            Interlocked.Add(ref CountOf(stamp >> _shift), -count);
        }
    }

    /// <summary>A stamp of which the low bits are known.</summary>
    public long Expand(int low, long now)
    {
        const int Unused = 64 - PrefixTable.StampBits;
        return now + ((((long)low - now) << Unused) >> Unused);
    }

    /// <summary>How many blocks were last sent after <paramref name="stamp"/>; more than any number when that is before <see cref="Oldest"/>.</summary>
    public int Rank(long stamp)
    {
        if (stamp < Oldest)
        {
            return int.MaxValue;
        }

        var now = Now;
        var tick = stamp >> _shift;
        var rank = 0L;
        for (var newer = now >> _shift; newer > tick; newer--)
        {
            rank += Math.Max(0, Volatile.Read(ref CountOf(newer)));
        }

        var end = Math.Min(now, (tick + 1) << _shift);
        var length = end - (tick << _shift);
        var part = length <= 0 ? 0 : Math.Max(0, Volatile.Read(ref CountOf(tick))) * Math.Clamp(end - stamp - 1, 0, length) / length;
        return (int)Math.Min(int.MaxValue, rank + part);
    }

    /// <summary>The stamps at which the ranks <paramref name="size"/> and <paramref name="keep"/> begin; <see cref="Oldest"/> when so many were never sent.</summary>
    public (long Edge, long Keep) Find(long size, long keep)
    {
        var (now, oldest, sum, edge) = (Now, Oldest, 0L, -1L);
        for (var tick = now >> _shift; tick << _shift >= oldest; tick--)
        {
            var here = Math.Max(0, Volatile.Read(ref CountOf(tick)));
            if (edge < 0 && sum + here > size)
            {
                var end = Math.Min(now, (tick + 1) << _shift);
                edge = end - ((size - sum) * (end - (tick << _shift)) / here);
            }

            if (sum + here > keep)
            {
                return (edge, tick << _shift);
            }

            sum += here;
        }

        return (edge < 0 ? oldest : edge, oldest);
    }

    private ref int CountOf(long tick) => ref _last[(int)(tick & (_last.Length - 1))];
}
