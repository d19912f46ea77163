using System.Collections.Immutable;

namespace BlazeGateway.Demo.ModelServer;

/// <summary>What reached a simulated model server. Safe to read while it serves.</summary>
internal sealed class ModelServerStats(int remembered)
{
    private readonly Lock _gate = new();
    private readonly Queue<SeenRequest> _recent = new();
    private readonly Queue<DateTimeOffset> _cancellations = new();
    private long _requests;
    private long _posts;
    private long _completed;
    private long _cancelled;
    private long _faulted;
    private long _read;
    private int _inFlight;

    /// <summary>Requests whose head was read.</summary>
    public long Requests => Volatile.Read(ref _requests);

    /// <summary>Those of them that post something; what a gateway asks by itself does not.</summary>
    public long Posts => Volatile.Read(ref _posts);

    /// <summary>Requests answered to the end.</summary>
    public long Completed => Volatile.Read(ref _completed);

    /// <summary>Requests whose client left first.</summary>
    public long Cancelled => Volatile.Read(ref _cancelled);

    /// <summary>Requests a fault was injected into.</summary>
    public long Faulted => Volatile.Read(ref _faulted);

    /// <summary>Requests whose body was read whole; counted while requests are remembered.</summary>
    public long Read => Volatile.Read(ref _read);

    /// <summary>Requests under way now.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>When clients left, oldest first, the last 65,536.</summary>
    public ImmutableArray<DateTimeOffset> Cancellations
    {
        get
        {
            lock (_gate)
            {
                return [.. _cancellations];
            }
        }
    }

    /// <summary>The last requests that were read, oldest first.</summary>
    public ImmutableArray<SeenRequest> Recent
    {
        get
        {
            lock (_gate)
            {
                return [.. _recent];
            }
        }
    }

    /// <summary>Whether bodies are digested and requests kept.</summary>
    public bool Remembers => remembered > 0;

    public void Started(bool isPost)
    {
        Interlocked.Increment(ref _requests);
        if (isPost)
        {
            Interlocked.Increment(ref _posts);
        }

        Interlocked.Increment(ref _inFlight);
    }

    public void Ended(bool completed)
    {
        Interlocked.Decrement(ref _inFlight);
        if (completed)
        {
            Interlocked.Increment(ref _completed);
        }
    }

    public void ClientLeft(DateTimeOffset at)
    {
        lock (_gate)
        {
            _cancellations.Enqueue(at);
            if (_cancellations.Count > 65536)
            {
                _cancellations.Dequeue();
            }
        }

        Interlocked.Increment(ref _cancelled);
    }

    /// <summary>Counts from 0 again and forgets requests and departures; what is under way stays counted as that.</summary>
    public void Reset()
    {
        Volatile.Write(ref _requests, 0);
        Volatile.Write(ref _posts, 0);
        Volatile.Write(ref _completed, 0);
        Volatile.Write(ref _cancelled, 0);
        Volatile.Write(ref _faulted, 0);
        Volatile.Write(ref _read, 0);
        lock (_gate)
        {
            _recent.Clear();
            _cancellations.Clear();
        }
    }

    public void FaultInjected() => Interlocked.Increment(ref _faulted);

    public void Remember(SeenRequest request)
    {
        Interlocked.Increment(ref _read);
        lock (_gate)
        {
            _recent.Enqueue(request);
            if (_recent.Count > remembered)
            {
                _recent.Dequeue();
            }
        }
    }
}

/// <summary>One request as it arrived.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Target">Path and query as sent.</param>
/// <param name="Headers">Every header; several values are joined with a comma.</param>
/// <param name="BodySha256">SHA-256 of the body in lower-case hexadecimal; null when no body was read.</param>
/// <param name="BodyBytes">Length of the body.</param>
/// <param name="At">When its body was complete.</param>
internal sealed record SeenRequest(
    string Method,
    string Target,
    IReadOnlyDictionary<string, string> Headers,
    string? BodySha256,
    long BodyBytes,
    DateTimeOffset At);
