using System.Collections.Concurrent;
using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Pipeline.Body;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Request contexts, made as concurrency grows and kept. Renting and returning neither locks nor allocates.</summary>
internal sealed class RequestContextPool(BodyBudget budget, DeadlineSweep sweep, TimeProvider time, Failover failover, MemoryPressure pressure)
{
    private readonly ConcurrentQueue<RequestContext> _free = new();
    private int _inFlight;

    /// <summary>Requests on their way.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Contexts that wait for a request.</summary>
    public int Idle => _free.Count;

    /// <summary>A context for one request.</summary>
    public RequestContext Rent()
    {
        Interlocked.Increment(ref _inFlight);
        if (_free.TryDequeue(out var context))
        {
            return context;
        }

        context = new RequestContext(budget, time, failover, pressure);
        sweep.Add(context.Deadline);
        return context;
    }

    /// <summary>Takes a context back; one that may not serve another request is let go.</summary>
    public void Return(RequestContext context)
    {
        if (context.End())
        {
            _free.Enqueue(context);
        }
        else
        {
            sweep.Remove(context.Deadline);
        }

        Interlocked.Decrement(ref _inFlight);
    }
}
