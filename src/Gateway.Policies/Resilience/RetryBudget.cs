using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Resilience;

/// <summary>
/// How many attempts beyond the first a cluster's requests may make, so that retries of many failures are no second flood: a share of the requests, and some
/// a second on top. What is not used is saved up to a limit. A bucket in one number that is only raised (the idea of Finagle's retry budget), without a lock.
/// </summary>
/// <param name="options">Share and rate.</param>
/// <param name="time">Clock.</param>
internal sealed class RetryBudget(RetryBudgetOptions options, TimeProvider time)
{
    // What is saved: the rate of this long, and the share of this many requests.
    private const double SavedSeconds = 10;
    private const double SavedRequests = 1000;

    private readonly long _started = time.GetTimestamp();
    private Counters _counters;

    /// <summary>The budget by other options, with no more than is left of this one.</summary>
    public RetryBudget With(RetryBudgetOptions other)
    {
        if (other == options)
        {
            return this;
        }

        var budget = new RetryBudget(other, time);
        budget._counters.Spent = budget.Earned - Math.Min(Left, budget.Saved);
        return budget;
    }

    /// <summary>A request came in.</summary>
    public void Deposit() => Interlocked.Increment(ref _counters.Requests);

    /// <summary>Attempts that may be made now.</summary>
    public double Left
    {
        get
        {
            var earned = Earned;
            return earned - Spent(earned, Volatile.Read(ref _counters.Spent));
        }
    }

    /// <summary>Takes one attempt; false, and nothing taken, when there is none left.</summary>
    public bool TryTake() => Take(mayRefuse: true);

    /// <summary>Counts an attempt that is made whatever is left.</summary>
    public void Take() => Take(mayRefuse: false);

    private double Earned => (options.PerSecond * (SavedSeconds + time.GetElapsedTime(_started).TotalSeconds)) + (options.Ratio * Volatile.Read(ref _counters.Requests));

    private double Saved => (options.PerSecond * SavedSeconds) + (options.Ratio * SavedRequests);

    // What is beyond the limit of saving is gone, as if it had been spent.
    private double Spent(double earned, double spent) => Math.Max(spent, earned - Saved);

    private bool Take(bool mayRefuse)
    {
        while (true)
        {
            var seen = Volatile.Read(ref _counters.Spent);
            var earned = Earned;
            var spent = Spent(earned, seen);
            if (earned - spent < 1)
            {
                if (mayRefuse)
                {
                    return false;
                }

                // No debt: a wave of dead connections must not forbid the next minute's retries.
                spent = earned - 1;
            }

            if (Interlocked.CompareExchange(ref _counters.Spent, spent + 1, seen) == seen)
            {
                return true;
            }
        }
    }

    /// <summary>On a cache line of its own: it is written with every request.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Counters
    {
        [FieldOffset(64)]
        public long Requests;

        [FieldOffset(128)]
        public double Spent;
    }
}
