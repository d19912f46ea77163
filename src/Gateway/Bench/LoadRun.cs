using System.Net;

namespace BlazeGateway.Bench;

/// <summary>
/// One running load. A pacer thread starts arrivals and repeats when they are due and ends what is late; everything else happens on
/// the threads that complete socket operations. An arrival never waits for an answer: when all connections are busy it queues, and
/// its latency counts from when it was due.
/// </summary>
internal sealed class LoadRun : IDisposable
{
    private const int MaxWaiting = 100_000;
    private readonly LoadOptions _options;
    private readonly TimeProvider _time;
    private readonly IPEndPoint _target;
    private readonly byte[][] _bytes;
    private readonly Pacer _pacer;
    private readonly Lock _gate = new();
    private readonly Random _jitter;
    private readonly long _timeout;
    private readonly List<LoadConnection> _connections = [];
    private readonly Stack<LoadConnection> _idle = [];
    private readonly Queue<LoadRequest> _waiting = [];
    private readonly PriorityQueue<(LoadRequest Request, LoadConnection? Connection), long> _repeats = new();
    private IEnumerator<TimeSpan>? _arrivals;
    private long _issued;
    private int _open;
    private int _busy;
    private volatile bool _isStopped;

    public LoadRun(LoadOptions options, IPEndPoint target, byte[][] requests, TimeProvider time)
    {
        _options = options;
        _target = target;
        _time = time;
        _bytes = requests;
        _pacer = new Pacer(time);
        _jitter = new Random(options.Seed);
        _timeout = Ticks(options.Timeout);
        Recorder = new LoadRecorder(time, options, time.GetTimestamp());
    }

    public LoadRecorder Recorder { get; }

    /// <summary>The bytes of a request.</summary>
    public byte[] BytesOf(in LoadRequest request) => _bytes[request.Index % _bytes.Length];

    /// <summary>When an attempt is given up.</summary>
    public long DeadlineOf(in LoadRequest request) => request.AttemptAt + _timeout;

    /// <summary>Runs to the end on the calling thread.</summary>
    public void Run(CancellationToken cancellation)
    {
        using var wake = cancellation.Register(_pacer.Wake);
        try
        {
            Drive(cancellation);
        }
        finally
        {
            Stop();
        }

        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// Takes the result of an attempt and says what the connection carries next.
    /// </summary>
    /// <returns>False when nothing is to be sent now; the connection is then idle or belongs to a client that waits to repeat.</returns>
    public bool Finished(
        LoadConnection connection, in LoadRequest request, LoadOutcome outcome, ResponseReader reader, BodyObserver body, long now, out LoadRequest next)
    {
        var goesOn = Next(connection, request, outcome, reader, body, now, out next);
        if (!goesOn)
        {
            Interlocked.Decrement(ref _busy);
        }

        return goesOn;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _connections.ForEach(connection => connection.Dispose());
        }

        _arrivals?.Dispose();
    }

    private void Drive(CancellationToken cancellation)
    {
        if (_options.IsOpenLoop)
        {
            _arrivals = ArrivalSchedule.Create(_options).GetEnumerator();
            _open = 1;
            Advance();
        }
        else
        {
            StartClients();
        }

        var sweepEvery = Math.Clamp(_timeout / 20, Ticks(TimeSpan.FromMilliseconds(1)), Ticks(TimeSpan.FromMilliseconds(50)));
        var sweepAt = _time.GetTimestamp() + sweepEvery;
        while (Volatile.Read(ref _open) > 0 && !cancellation.IsCancellationRequested)
        {
            var now = _time.GetTimestamp();
            var next = Math.Min(sweepAt, Math.Min(NextArrival(), NextRepeat()));
            if (now < next)
            {
                _pacer.WaitUntil(next);
                continue;
            }

            StartDue(now);
            if (now >= sweepAt)
            {
                Sweep(now);
                sweepAt = now + sweepEvery;
            }
        }
    }

    private bool Next(
        LoadConnection connection, in LoadRequest request, LoadOutcome outcome, ResponseReader reader, BodyObserver body, long now, out LoadRequest next)
    {
        next = default;
        if (_isStopped)
        {
            return false;
        }

        Recorder.Attempted(reader.Status, body);
        if (request.Attempt <= _options.Retries && RetrySchedule.IsRetryable(outcome, reader.Status))
        {
            body.TakeHash();
            Repeat(_options.IsOpenLoop ? null : connection, request, reader.RetryAfter, now);
            return _options.IsOpenLoop && TakeWaiting(connection, now, out next);
        }

        Recorder.Ended(request, outcome, reader.Status, now, body);
        if (_options.IsOpenLoop)
        {
            Close();
            return TakeWaiting(connection, now, out next);
        }

        if (TryIssue(now, out next))
        {
            return true;
        }

        Close();
        return false;
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _time.TimestampFrequency);

    private void StartClients()
    {
        var clients = (int)Math.Min(_options.Concurrency!.Value, _options.Requests ?? long.MaxValue);
        _open = clients;
        for (var index = 0; index < clients; index++)
        {
            if (TryIssue(_time.GetTimestamp(), out var request))
            {
                Start(NewConnection(), request);
            }
            else
            {
                Close();
            }
        }
    }

    private bool TryIssue(long now, out LoadRequest request)
    {
        var index = Interlocked.Increment(ref _issued) - 1;
        request = new LoadRequest(index, now, now, 1);
        return now < Recorder.EndsAt && index < (_options.Requests ?? long.MaxValue);
    }

    private void Start(LoadConnection connection, in LoadRequest request)
    {
        Interlocked.Increment(ref _busy);
        connection.Start(request);
    }

    private LoadConnection NewConnection()
    {
        var connection = new LoadConnection(this, _target, _options, _time);
        lock (_gate)
        {
            _connections.Add(connection);
        }

        return connection;
    }

    private long NextArrival() => _arrivals is null ? long.MaxValue : Recorder.StartedAt + Ticks(_arrivals.Current);

    private long NextRepeat()
    {
        lock (_gate)
        {
            return _repeats.TryPeek(out _, out var due) ? due : long.MaxValue;
        }
    }

    private void Advance()
    {
        if (!_arrivals!.MoveNext())
        {
            _arrivals.Dispose();
            _arrivals = null;
            Close();
        }
    }

    private void StartDue(long now)
    {
        var due = NextArrival();
        if (due <= now)
        {
            Interlocked.Increment(ref _open);
            Recorder.Lagged(now - due);
            Dispatch(new LoadRequest(_issued++, due, due, 1), now);
            Advance();
        }

        (LoadRequest Request, LoadConnection? Connection) repeat;
        lock (_gate)
        {
            if (!_repeats.TryPeek(out repeat, out var repeatAt) || repeatAt > now)
            {
                return;
            }

            _repeats.Dequeue();
        }

        if (repeat.Connection is { } own)
        {
            Start(own, repeat.Request);
        }
        else
        {
            Dispatch(repeat.Request, now);
        }
    }

    private void Dispatch(in LoadRequest request, long now)
    {
        LoadConnection? connection;
        lock (_gate)
        {
            if (!_idle.TryPop(out connection) && _connections.Count >= _options.Connections)
            {
                if (_waiting.Count < MaxWaiting)
                {
                    _waiting.Enqueue(request);
                    Recorder.Waited();
                    return;
                }

                Recorder.Ended(request, LoadOutcome.NotSent, 0, now, null);
                Close();
                return;
            }
        }

        Start(connection ?? NewConnection(), request);
    }

    private bool TakeWaiting(LoadConnection connection, long now, out LoadRequest next)
    {
        lock (_gate)
        {
            while (_waiting.TryDequeue(out next))
            {
                if (now < DeadlineOf(next))
                {
                    return true;
                }

                Recorder.Ended(next, LoadOutcome.Timeout, 0, now, null);
                Close();
            }

            _idle.Push(connection);
            return false;
        }
    }

    private void Repeat(LoadConnection? connection, in LoadRequest request, string? retryAfter, long now)
    {
        lock (_gate)
        {
            var delay = RetrySchedule.Delay(request.Attempt, retryAfter, _time.GetUtcNow(), _jitter.NextDouble());
            var due = now + Ticks(delay);
            _repeats.Enqueue((request with { AttemptAt = due, Attempt = request.Attempt + 1 }, connection), due);
        }

        _pacer.Wake();
    }

    private void Close()
    {
        if (Interlocked.Decrement(ref _open) == 0)
        {
            _pacer.Wake();
        }
    }

    /// <summary>Closes what is open and returns when no other thread is at work for this load.</summary>
    private void Stop()
    {
        _isStopped = true;
        while (Volatile.Read(ref _busy) > 0)
        {
            Sweep(long.MaxValue);
            _pacer.WaitUntil(_time.GetTimestamp() + Ticks(TimeSpan.FromMilliseconds(1)));
        }
    }

    private void Sweep(long now)
    {
        lock (_gate)
        {
            _connections.ForEach(connection => connection.Sweep(now));
        }
    }
}
