using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace BlazeGateway.Policies.Resilience;

/// <summary>
/// Requests that may be what kills a cluster's model servers: one broke off the connections of two different destinations, one after the other, and was answered by none
/// between. It is not sent on for a while, so that one request cannot take down a fleet. Servers that die together break off many requests, of which some may look alike:
/// only the second break of the same request counts, or that of one sent well after the first. Costs nothing while no connection has broken off.
/// </summary>
internal sealed class PoisonList(TimeProvider time)
{
    /// <summary>How long a break counts, and how long a request is not sent on after the second.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(60);

    /// <summary>Requests remembered at once; further ones are not watched.</summary>
    public const int Capacity = 1024;

    /// <summary>How long after a first break the same body has to be sent to count as sent again.</summary>
    public static readonly TimeSpan Apart = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    // Of a longer body its two ends and its length tell it.
    private const int End = 128 * 1024;

    private readonly ConcurrentDictionary<UInt128, Mark> _marks = new();
    // Bodies watched, by the lower bits of their lengths.
    private readonly int[] _lengths = new int[Capacity];
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private int _count;
    private long _swept = time.GetTimestamp();

    /// <summary>Whether no request is watched.</summary>
    public bool IsEmpty => Volatile.Read(ref _count) == 0;

    /// <summary>
    /// The fingerprint of a body that may be watched; false, and no byte of it looked at, when none as long is. Most bodies are told apart by that.
    /// </summary>
    public bool MayWatch(in ReadOnlySequence<byte> body, out UInt128 request)
    {
        if (Volatile.Read(ref Watched((uint)body.Length)) == 0)
        {
            Sweep();
            request = default;
            return false;
        }

        request = Fingerprint(body);
        return true;
    }

    /// <summary>What tells a body: its length in the lowest 32 bits, above them a hash; nobody without the secret can find another with the same.</summary>
    public UInt128 Fingerprint(in ReadOnlySequence<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _secret);
        Span<byte> room = stackalloc byte[32];
        BinaryPrimitives.WriteInt64LittleEndian(room, body.Length);
        hash.AppendData(room[..sizeof(long)]);
        if (body.Length <= 2 * End)
        {
            Append(hash, body);
        }
        else
        {
            Append(hash, body.Slice(0, End));
            Append(hash, body.Slice(body.Length - End));
        }

        hash.GetHashAndReset(room);
        return (BinaryPrimitives.ReadUInt128LittleEndian(room) & ~(UInt128)uint.MaxValue) | (uint)body.Length;
    }

    /// <summary>The request broke off the connection of <paramref name="destination"/>. True when it did so to another one before.</summary>
    /// <param name="request">Its fingerprint.</param>
    /// <param name="destination">Id of the destination.</param>
    /// <param name="sent">Timestamp of when it was sent there.</param>
    /// <param name="isSame">Whether the very request broke off another destination before; else one with the same body may have.</param>
    public bool Blame(UInt128 request, string destination, long sent, bool isSame)
    {
        Sweep();
        var now = time.GetTimestamp();
        if (_marks.TryGetValue(request, out var mark) && !IsOver(mark))
        {
            var isOther = !string.Equals(mark.Destination, destination, StringComparison.OrdinalIgnoreCase);
            if (!mark.IsQuarantined && !(isOther && (isSame || time.GetElapsedTime(mark.At, sent) >= Apart)))
            {
                return false;
            }

            Put(request, new Mark(destination, now, IsQuarantined: true));
            return true;
        }

        if (_marks.Count < Capacity)
        {
            Put(request, new Mark(destination, now, IsQuarantined: false));
        }

        return false;
    }

    /// <summary>Whether the request is not sent on for now.</summary>
    public bool IsQuarantined(UInt128 request)
    {
        if (!_marks.TryGetValue(request, out var mark))
        {
            Sweep();
            return false;
        }

        if (!IsOver(mark))
        {
            return mark.IsQuarantined;
        }

        Absolve(request);
        return false;
    }

    /// <summary>No destination is left: there is none to keep a request from, and what was it may have been an outage.</summary>
    public void Clear()
    {
        foreach (var (request, _) in _marks)
        {
            Absolve(request);
        }
    }

    /// <summary>The request was answered: it was not its fault.</summary>
    public void Absolve(UInt128 request)
    {
        if (_marks.TryRemove(request, out _))
        {
            Interlocked.Decrement(ref Watched((uint)request));
            Volatile.Write(ref _count, _marks.Count);
        }
    }

    private ref int Watched(uint length) => ref _lengths[length % Capacity];

    // Counted before it can be found and until it cannot any more; each mark once.
    private void Put(UInt128 request, Mark mark)
    {
        Interlocked.Increment(ref Watched((uint)request));
        while (!_marks.TryAdd(request, mark))
        {
            if (_marks.TryGetValue(request, out var last) && _marks.TryUpdate(request, mark, last))
            {
                Interlocked.Decrement(ref Watched((uint)request));
                break;
            }
        }

        Volatile.Write(ref _count, _marks.Count);
    }

    private static void Append(IncrementalHash hash, in ReadOnlySequence<byte> bytes)
    {
        foreach (var part in bytes)
        {
            hash.AppendData(part.Span);
        }
    }

    private bool IsOver(Mark mark) => time.GetElapsedTime(mark.At) >= Length;

    private void Sweep()
    {
        if (time.GetElapsedTime(Volatile.Read(ref _swept)) < Between)
        {
            return;
        }

        Volatile.Write(ref _swept, time.GetTimestamp());
        foreach (var (request, mark) in _marks)
        {
            if (IsOver(mark))
            {
                Absolve(request);
            }
        }
    }

    private sealed record Mark(string Destination, long At, bool IsQuarantined);
}
