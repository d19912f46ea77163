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

    /// <summary>The destination waited for was taken out, and another one can be asked.</summary>
    Ejected,

    /// <summary>The process stops and waited for the request as long as it may.</summary>
    Shutdown,
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

    private CancellationTokenSource _request = new();
    private CancellationTokenSource _read = new();
    private long _step = Never;
    private long _total = Never;
    private int _state = Free;
    private bool _streaming;
    private DestinationAvailability? _waitingFor;
    private int _epoch;
    private Expiry _stepKind;
    private Expiry _expired;
    private DestinationLoad? _stream;
    private long _since;
    private long _stepGivenBack;
    private long _totalGivenBack;

    /// <summary>Canceled when a limit runs out before the answer began. Another one after <see cref="Renew"/>.</summary>
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
        Clear();
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

    /// <summary>Until the answer begins the attempt is given up when <paramref name="destination"/> turns out to be gone.</summary>
    /// <param name="destination">Who was picked.</param>
    /// <param name="epoch">Epoch of the word it was picked by.</param>
    public void WaitFor(DestinationAvailability destination, int epoch)
    {
        _epoch = epoch;
        Volatile.Write(ref _waitingFor, destination);
    }

    /// <summary>Timestamp at which the limit of the whole request runs out, or <see cref="long.MaxValue"/>.</summary>
    public long Total => Volatile.Read(ref _total);

    /// <summary>Whether the limit of the whole request has run out.</summary>
    public bool IsOver(long now) => now >= Volatile.Read(ref _total);

    /// <summary>Begins anew for another attempt, whatever ended the last one. The limit of the whole request goes on.</summary>
    public void Renew()
    {
        // The sweep may be about to cancel what has ended by itself meanwhile; it must not hit the next attempt.
        var spin = default(SpinWait);
        while (Volatile.Read(ref _state) == Expiring && !_request.IsCancellationRequested && !_read.IsCancellationRequested)
        {
            spin.SpinOnce();
        }

        Clear();
        _expired = Expiry.None;
        _request = _request.IsCancellationRequested ? new() : _request;
        _read = _read.IsCancellationRequested ? new() : _read;
        Volatile.Write(ref _streaming, false);
        Volatile.Write(ref _state, Running);
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

    /// <summary>Counts the request among those of its destination, if it is a stream of one of them.</summary>
    public void Count(IReadOnlyDictionary<DestinationLoad, StreamWaits> waits)
    {
        if (Volatile.Read(ref _stream) is { } stream && Volatile.Read(ref _state) == Running && waits.TryGetValue(stream, out var own))
        {
            own.Add(Volatile.Read(ref _since), hasBegun: _stepKind == Expiry.BetweenChunks, isAwaited: Volatile.Read(ref _step) != Never);
        }
    }

    /// <summary>Lifts the limit of the step at hand, and waits for no destination any more.</summary>
    public void Clear()
    {
        Volatile.Write(ref _step, Never);
        if (_waitingFor is not null)
        {
            Volatile.Write(ref _waitingFor, null);
        }
    }

    /// <summary>Cancels reads, for a client that went away.</summary>
    public void CancelRead() => _read.Cancel();

    /// <summary>The process stood still: limits that had not run out before get back what they lost, each once.</summary>
    /// <param name="from">When it was last seen to run.</param>
    /// <param name="now">When it was seen to run again.</param>
    /// <param name="latest">To when a limit is moved at most.</param>
    public void GiveBack(long from, long now, long latest)
    {
        // Read before the moment the step began, so that a step set meanwhile comes with its own.
        var (step, total) = (Volatile.Read(ref _step), Volatile.Read(ref _total));
        var since = Volatile.Read(ref _since);
        if (Volatile.Read(ref _state) == Running)
        {
            GiveBack(ref _step, ref _stepGivenBack, step, from, now - Math.Max(from, since), latest);
            GiveBack(ref _total, ref _totalGivenBack, total, from, now - from, latest);
        }
    }

    private static void GiveBack(ref long limit, ref long givenBack, long at, long from, long lost, long latest)
    {
        if (at == Never || at <= from || at == givenBack || lost <= 0)
        {
            return;
        }

        // Whoever sets the limit meanwhile has the last word.
        var later = at > latest - lost ? latest : at + lost;
        if (later > at && Interlocked.CompareExchange(ref limit, later, at) == at)
        {
            givenBack = later;
        }
    }

    /// <summary>Called by the sweep.</summary>
    public void Look(long now)
    {
        if (IsDue(now))
        {
            Expire(now);
        }
    }

    /// <summary>Whether a limit has run out.</summary>
    public bool IsDue(long now) => now >= Volatile.Read(ref _step) || now >= Volatile.Read(ref _total) || IsLeftAlone;

    private bool IsLeftAlone => Volatile.Read(ref _waitingFor) is { IsGone: true } destination
        && (destination.IsDead || destination.Word.Epoch != _epoch) && destination.HasOthers;

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

        _expired = now >= Volatile.Read(ref _total) ? Expiry.Total : now >= Volatile.Read(ref _step) ? _stepKind : Expiry.Ejected;
        (Volatile.Read(ref _streaming) ? _read : _request).Cancel();
    }

    /// <summary>Whether a stream is passed on at the moment.</summary>
    public bool IsStreaming => Volatile.Read(ref _streaming) && Volatile.Read(ref _state) == Running;

    /// <summary>Ends the request because the process stops, whatever its limits are.</summary>
    public void ShutDown()
    {
        if (Interlocked.CompareExchange(ref _state, Expiring, Running) == Running)
        {
            _expired = Expiry.Shutdown;
            (Volatile.Read(ref _streaming) ? _read : _request).Cancel();
        }
    }

    /// <summary>Ends the request. False when a limit ran out, so that this object may not serve another.</summary>
    public bool End()
    {
        Clear();
        Volatile.Write(ref _total, Never);

        // What waits for the next request must not keep a destination that is gone.
        Volatile.Write(ref _stream, null);
        if (Interlocked.CompareExchange(ref _state, Free, Running) != Running || !_request.TryReset())
        {
            return false;
        }

        // Canceled for a client that left, which happens too often to give all that belongs to a request away for it.
        _read = _read.TryReset() ? _read : new();
        return true;
    }
}
