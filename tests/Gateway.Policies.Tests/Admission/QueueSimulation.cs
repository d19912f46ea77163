using BlazeGateway.Policies.Admission;

namespace BlazeGateway.Policies.Tests.Admission;

/// <summary>One request of a simulation.</summary>
internal sealed class SimulatedWait
{
    public required WaitTicket Ticket { get; init; }

    /// <summary>When it came first, milliseconds.</summary>
    public required int Came { get; init; }

    /// <summary>Times it comes again when it is refused.</summary>
    public int Retries { get; set; }

    /// <summary>When its client leaves.</summary>
    public int Patience { get; init; } = int.MaxValue;

    /// <summary>How long it is served.</summary>
    public int Service { get; init; } = 250;

    public Waiter? Waiter { get; set; }

    /// <summary>When it came last.</summary>
    public int Tried { get; set; }

    /// <summary>When it began to be served; −1 before.</summary>
    public int Began { get; set; } = -1;
}

/// <summary>A queue in front of servers, by the millisecond, on one thread: the same for the same seed.</summary>
internal sealed class QueueSimulation(int places, int limit)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    private readonly PriorityQueue<SimulatedWait, (int At, int Order)> _coming = new();
    private readonly PriorityQueue<SimulatedWait, (int At, int Order)> _served = new();
    private readonly List<SimulatedWait> _waiting = [];
    private int _order;

    public WaitRoom Room { get; } = new(places, limit);

    /// <summary>Milliseconds since the start.</summary>
    public int Now { get; private set; }

    /// <summary>Answers that came to clients that still waited, and when.</summary>
    public List<(SimulatedWait Request, int At)> Answered { get; } = [];

    public int Refused { get; private set; }

    /// <summary>When somebody came last for another time.</summary>
    public int LastRetry { get; private set; }

    public int Waiting => _waiting.Count;

    public void Come(SimulatedWait request, int at) => _coming.Enqueue(request, (at, ++_order));

    /// <summary>One millisecond.</summary>
    public void Advance()
    {
        Now++;
        Room.Time.Advance(Step);
        while (_served.TryPeek(out var request, out var due) && due.At <= Now)
        {
            _served.Dequeue();
            if (Now <= request.Patience)
            {
                Answered.Add((request, Now));
            }

            Room.Free();
            Wake();
        }

        while (_coming.TryPeek(out var request, out var due) && due.At <= Now)
        {
            _coming.Dequeue();
            Try(request);
        }

        if (Now % 50 == 0)
        {
            Room.Queue.Sweep();
        }

        foreach (var request in _waiting.Where(request => Now >= request.Patience).ToList())
        {
            request.Waiter!.Leave();
        }

        Wake();
    }

    private void Try(SimulatedWait request)
    {
        request.Tried = Now;
        if (Now >= request.Patience)
        {
            return;
        }

        if (!Room.Queue.IsWaited && Room.TryTake())
        {
            Begin(request);
            return;
        }

        request.Waiter = Room.Queue.TryEnter(request.Ticket with { Deadline = Room.Time.GetTimestamp() + (30 * Room.Time.TimestampFrequency) }, request);
        if (request.Waiter is null)
        {
            Refuse(request);
        }
        else
        {
            _waiting.Add(request);
        }
    }

    private void Wake()
    {
        for (var i = 0; i < _waiting.Count; i++)
        {
            var request = _waiting[i];
            var wait = request.Waiter!.WhenOver;
            if (!wait.IsCompleted)
            {
                continue;
            }

            _waiting.RemoveAt(i);
            i = -1;
            var end = wait.GetAwaiter().GetResult();
            if (end == WaitEnd.Granted)
            {
                Assert.True(Room.TryTake());
                Room.Queue.Done(request.Waiter, hasBegun: true);
                Begin(request);
            }
            else if (end == WaitEnd.Displaced)
            {
                Refuse(request);
            }

            Room.Queue.Return(request.Waiter);
        }
    }

    private void Begin(SimulatedWait request)
    {
        request.Began = Now;
        _served.Enqueue(request, (Now + request.Service, ++_order));
    }

    private void Refuse(SimulatedWait request)
    {
        Refused++;
        var at = Now + (1000 * Room.Queue.SendAway(request.Ticket.Client));
        if (request.Retries-- > 0)
        {
            LastRetry = Math.Max(LastRetry, at < request.Patience ? at : 0);
            Come(request, at);
        }
    }
}
