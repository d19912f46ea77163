namespace BlazeGateway.Policies.Resilience;

/// <summary>What bounds a cluster's further attempts whatever its configuration: a reload is no new allowance.</summary>
internal sealed class ClusterRetries(TimeProvider time)
{
    private RetryBudget? _budget;

    /// <summary>Requests that make destinations fail.</summary>
    public PoisonList Poison { get; } = new(time);

    /// <summary>The budget by <paramref name="options"/>, with what is left of it.</summary>
    public RetryBudget Budget(RetryBudgetOptions options)
    {
        while (true)
        {
            var known = Volatile.Read(ref _budget);
            var next = known?.With(options) ?? new RetryBudget(options, time);
            if (Interlocked.CompareExchange(ref _budget, next, known) == known)
            {
                return next;
            }
        }
    }
}
