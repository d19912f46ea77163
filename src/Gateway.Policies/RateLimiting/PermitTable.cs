using System.Collections.Concurrent;

namespace BlazeGateway.Policies.RateLimiting;

/// <summary>
/// The counters of all partitions. Looking one up takes no lock; a client seen for the first time is added under one. The table never tells more than
/// <see cref="Capacity"/> clients apart: when it is full, those with nothing in flight make room, and if there are none, further clients share one
/// partition per limit. Counters of whole routes and clusters always find room, since a configuration has only so many.
/// </summary>
internal sealed class PermitTable
{
    /// <summary>Partitions by default: about 6 MB.</summary>
    public const int DefaultCapacity = 65_536;

    /// <summary>Partitions looked at to make room for one, so that no request pays for a walk through all of them.</summary>
    private const int Walk = 32;

    private readonly ConcurrentDictionary<PartitionKey, PermitCounter> _counters = new();
    private readonly Lock _gate = new();
    private IEnumerator<KeyValuePair<PartitionKey, PermitCounter>> _hand;
    private int _count;
    private long _evictions;
    private long _overflows;

    public PermitTable(int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Capacity = capacity;
        _hand = _counters.GetEnumerator();
    }

    /// <summary>Partitions it may hold.</summary>
    public int Capacity { get; }

    /// <summary>Partitions it holds.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Partitions that made room for others.</summary>
    public long Evictions => Interlocked.Read(ref _evictions);

    /// <summary>Times a client had to share a partition because there was no room.</summary>
    public long Overflows => Interlocked.Read(ref _overflows);

    /// <summary>Permits taken in all partitions.</summary>
    public long Taken => _counters.Values.Sum(static counter => (long)counter.Taken);

    /// <summary>Takes a permit of a partition; null when <paramref name="limit"/> are taken.</summary>
    public PermitCounter? TryTake(PartitionKey key, int limit)
    {
        while (true)
        {
            var counter = _counters.TryGetValue(key, out var known) ? known : Add(key);
            switch (counter.TryTake(limit))
            {
                case PermitAnswer.Taken:
                    return counter;
                case PermitAnswer.Full:
                    return null;
                default:
                    // Whoever retires a counter removes it next, under the same lock that adds its successor.
                    break;
            }
        }
    }

    /// <summary>Permits taken in one partition.</summary>
    public int TakenIn(PartitionKey key) => _counters.TryGetValue(key, out var counter) ? counter.Taken : 0;

    private PermitCounter Add(PartitionKey key)
    {
        lock (_gate)
        {
            if (_counters.TryGetValue(key, out var counter))
            {
                return counter;
            }

            if (_count >= Capacity && !MakeRoom() && key.Client is not (PartitionKey.Everybody or PartitionKey.Rest))
            {
                Interlocked.Increment(ref _overflows);
                key = key with { Client = PartitionKey.Rest };
                if (_counters.TryGetValue(key, out counter))
                {
                    return counter;
                }
            }

            counter = new PermitCounter();
            _counters[key] = counter;
            Interlocked.Increment(ref _count);
            return counter;
        }
    }

    private bool MakeRoom()
    {
        for (var i = 0; i < Walk; i++)
        {
            if (!_hand.MoveNext())
            {
                _hand.Dispose();
                _hand = _counters.GetEnumerator();
                if (!_hand.MoveNext())
                {
                    break;
                }
            }

            if (_hand.Current.Value.TryRetire() && _counters.TryRemove(_hand.Current))
            {
                Interlocked.Decrement(ref _count);
                Interlocked.Increment(ref _evictions);
            }
        }

        return _count < Capacity;
    }
}
