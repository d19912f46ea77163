using System.Collections.Concurrent;
using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Clients;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.Admission;

/// <summary>A queue in front of so many places, with a clock the test moves. Whoever is granted takes a place at once unless the test says otherwise.</summary>
internal sealed class WaitRoom
{
    private int _taken;

    public WaitRoom(int places, int limit = 100, long bytes = 1 << 20)
    {
        Places = places;
        Queue = new AdmissionQueue(Time, () => Places - Taken, request => Outlook(request)) { Limits = new QueueLimits(limit, bytes) };
    }

    public FakeTimeProvider Time { get; } = new();

    public AdmissionQueue Queue { get; }

    public int Places { get; set; }

    public int Taken => Volatile.Read(ref _taken);

    public Func<object, Outlook> Outlook { get; set; } = static _ => Policies.Admission.Outlook.Open;

    /// <summary>Names of those served, in their order.</summary>
    public ConcurrentQueue<string> Served { get; } = [];

    public WaitTicket Ticket(ulong client = 1, PriorityBand band = PriorityBand.Standard, double seconds = 30) =>
        new(band, client, client, Time.GetTimestamp() + (long)(seconds * Time.TimestampFrequency));

    public bool TryTake()
    {
        if (Interlocked.Increment(ref _taken) <= Places)
        {
            return true;
        }

        Interlocked.Decrement(ref _taken);
        return false;
    }

    /// <summary>Takes a place, or waits for one; tells how the waiting ended. A place that was taken is kept.</summary>
    public async Task<WaitEnd?> EnterAsync(string name, WaitTicket ticket)
    {
        if (!Queue.IsWaited && TryTake())
        {
            Served.Enqueue(name);
            return WaitEnd.Granted;
        }

        return Queue.TryEnter(ticket, name) is { } waiter ? await WaitAsync(waiter, name) : null;
    }

    /// <summary>Gives a place back.</summary>
    public void Free()
    {
        Interlocked.Decrement(ref _taken);
        Queue.Freed();
    }

    private async Task<WaitEnd?> WaitAsync(Waiter waiter, string name)
    {
        while (true)
        {
            var end = await waiter.WhenOver;
            if (end != WaitEnd.Granted)
            {
                Queue.Return(waiter);
                return end;
            }

            if (TryTake())
            {
                Served.Enqueue(name);
                Queue.Done(waiter, hasBegun: true);
                Queue.Return(waiter);
                return end;
            }

            Queue.ComeAgain(waiter);
        }
    }
}
