using System.Diagnostics.CodeAnalysis;
using System.Threading.RateLimiting;

namespace BlazeGateway.Policies.RateLimiting;

/// <summary>What came of asking for a permit.</summary>
internal enum PermitAnswer : byte
{
    /// <summary>Taken.</summary>
    Taken,

    /// <summary>As many are taken as there may be.</summary>
    Full,

    /// <summary>The counter is no longer in use; ask for the one that took its place.</summary>
    Retired,
}

/// <summary>
/// Permits of one partition that are taken. How many there may be is not its own: limits change with the configuration and what is taken stays taken.
/// It is the lease of each of its permits too, so that taking one makes no object: every <see cref="RateLimitLease.Dispose()"/> gives one permit back,
/// and <see cref="LeaseSet"/> sees to it that each is given back once.
/// </summary>
internal sealed class PermitCounter : RateLimitLease
{
    private const int Retired = -1;

    private int _taken;

    /// <inheritdoc/>
    public override bool IsAcquired => true;

    /// <inheritdoc/>
    public override IEnumerable<string> MetadataNames => [];

    /// <summary>Permits taken and not given back.</summary>
    public int Taken => Math.Max(Volatile.Read(ref _taken), 0);

    /// <summary>Called after a permit was given back; null when nobody waits for one.</summary>
    public Action? Freed { get; set; }

    /// <summary>Takes one permit if fewer than <paramref name="limit"/> are taken.</summary>
    public PermitAnswer TryTake(int limit)
    {
        var taken = Volatile.Read(ref _taken);
        while (taken < limit)
        {
            if (taken == Retired)
            {
                return PermitAnswer.Retired;
            }

            var seen = Interlocked.CompareExchange(ref _taken, taken + 1, taken);
            if (seen == taken)
            {
                return PermitAnswer.Taken;
            }

            taken = seen;
        }

        return PermitAnswer.Full;
    }

    /// <summary>Takes the counter out of use; false while permits are taken.</summary>
    public bool TryRetire() => Interlocked.CompareExchange(ref _taken, Retired, 0) == 0;

    /// <inheritdoc/>
    public override bool TryGetMetadata(string metadataName, [NotNullWhen(true)] out object? metadata)
    {
        metadata = null;
        return false;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Interlocked.Decrement(ref _taken);
        Freed?.Invoke();
        base.Dispose(disposing);
    }
}
