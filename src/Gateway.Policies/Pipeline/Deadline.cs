using System.Diagnostics.CodeAnalysis;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Which time limit ran out.</summary>
internal enum Expiry : byte
{
    None,

    /// <summary>No first byte of the answer in time.</summary>
    FirstByte,

    /// <summary>The answer stood still.</summary>
    BetweenChunks,

    /// <summary>The whole request took too long.</summary>
    Total,

    /// <summary>The body of the request took too long to come.</summary>
    RequestBody,
}

/// <summary>
/// The time limits of one running request. Setting one is a single write; <see cref="DeadlineSweep"/> looks at all of them a few times
/// a second, so no timer is started or moved per request or per chunk.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Sources without timers or handles hold nothing to dispose of.")]
internal sealed class Deadline
{
    private const long Never = long.MaxValue;

    private const int Free = 0;
    private const int Running = 1;
    private const int Expiring = 2;

    private readonly CancellationTokenSource _request = new();
    private CancellationTokenSource _read = new();
    private long _step = Never;
    private long _total = Never;
    private int _state = Free;
    private bool _streaming;
    private Expiry _stepKind;
    private Expiry _expired;
    private DestinationLoad? _stream;
    private long _since;

    /// <summary>Canceled when a limit runs out before the answer began.</summary>
    public CancellationToken Request => _request.Token;

    /// <summary>Canceled when a limit runs out while the answer is read, or by <see cref="CancelRead"/>.</summary>
    public CancellationToken Read => _read.Token;

    /// <summary>Where the sweep keeps it.</summary>
    public int Slot { get; set; }

    /// <summary>The limit that ran out, if one did.</summary>
    public Expiry Expired => _expired;

    /// <summary>Begins a request; <paramref name="total"/> is a timestamp or <see cref="long.MaxValue"/>.</summary>
    public void Begin(long total)
    {
        _expired = Expiry.None;
        _streaming = false;
        Volatile.Write(ref _stream, null);
        Volatile.Write(ref _step, Never);
        Volatile.Write(ref _total, total);
        Volatile.Write(ref _state, Running);
    }

    /// <summary>Begins an attempt: until its answer begins, what runs out cancels the request.</summary>
    /// <param name="firstByte">When the first byte is due.</param>
    /// <param name="now">When the attempt begins.</param>
    /// <param name="stream">The destination, where the answer comes as it is made.</param>
    public void BeginAttempt(long firstByte, long now = 0, DestinationLoad? stream = null)
    {
        Volatile.Write(ref _streaming, false);
        Volatile.Write(ref _since, now);
        Volatile.Write(ref _stream, stream);
        Set(Expiry.FirstByte, firstByte);
    }

    /// <summary>From now on reads are canceled and not the request, so that what was read can still be finished in good order.</summary>
    public void BeginStreaming() => Volatile.Write(ref _streaming, true);

    /// <summary>Sets the limit of the step at hand.</summary>
    public void Set(Expiry kind, long at)
    {
        _stepKind = kind;
        Volatile.Write(ref _step, at);
    }

    /// <summary>The next bytes of the answer are waited for, from <paramref name="now"/> on and no longer than <paramref name="ticks"/>.</summary>
    public void Await(long now, long ticks)
    {
        Volatile.Write(ref _since, now);
        Set(Expiry.BetweenChunks, now + ticks);
    }

    /// <summary>Counts the request in <paramref name="waits"/>, if it is a stream of the destination they are of.</summary>
    public void Count(StreamWaits waits)
    {
        if (Volatile.Read(ref _stream) == waits.Destination && Volatile.Read(ref _state) == Running)
        {
            waits.Add(Volatile.Read(ref _since), hasBegun: _stepKind == Expiry.BetweenChunks, isAwaited: Volatile.Read(ref _step) != Never);
        }
    }

    /// <summary>Lifts the limit of the step at hand.</summary>
    public void Clear() => Volatile.Write(ref _step, Never);

    /// <summary>Cancels reads, for a client that went away.</summary>
    public void CancelRead() => _read.Cancel();

    /// <summary>Called by the sweep.</summary>
    public void Look(long now)
    {
        if (IsDue(now))
        {
            Expire(now);
        }
    }

    /// <summary>Whether a limit has run out.</summary>
    public bool IsDue(long now) => now >= Volatile.Read(ref _step) || now >= Volatile.Read(ref _total);

    /// <summary>Ends the request for a limit that was seen to be due, if it is the one it was due for.</summary>
    public void Expire(long now)
    {
        if (Interlocked.CompareExchange(ref _state, Expiring, Running) != Running)
        {
            return;
        }

        // The request may have ended and the next one begun since the look; what was due was not its limit.
        if (!IsDue(now))
        {
            Volatile.Write(ref _state, Running);
            return;
        }

        _expired = now >= Volatile.Read(ref _total) ? Expiry.Total : _stepKind;
        (Volatile.Read(ref _streaming) ? _read : _request).Cancel();
    }

    /// <summary>Ends the request. False when a limit ran out, so that this object may not serve another.</summary>
    public bool End()
    {
        Volatile.Write(ref _step, Never);
        Volatile.Write(ref _total, Never);
        if (Interlocked.CompareExchange(ref _state, Free, Running) != Running || !_request.TryReset())
        {
            return false;
        }

        // Canceled for a client that left, which happens too often to give all that belongs to a request away for it.
        _read = _read.TryReset() ? _read : new();
        return true;
    }
}
