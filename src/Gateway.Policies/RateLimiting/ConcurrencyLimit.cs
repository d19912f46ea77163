using System.Threading.RateLimiting;
using BlazeGateway.Policies.Clients;

namespace BlazeGateway.Policies.RateLimiting;

/// <summary>
/// At most so many requests at once, of each client or of all together. The framework's own limiter of this kind locks and makes an object per lease, and
/// starts from nothing when its limit changes; this one counts on.
/// </summary>
internal sealed class ConcurrencyLimit : PartitionedRateLimiter<Client>
{
    private readonly PermitTable _table;
    private readonly ulong _scope;
    private readonly bool _perClient;

    /// <param name="table">Where permits are counted.</param>
    /// <param name="scope">What is limited, see <see cref="PartitionKey.ScopeOf"/>.</param>
    /// <param name="most">Requests at once.</param>
    /// <param name="perClient">Whether each client has its own <paramref name="most"/>, or all have it together.</param>
    public ConcurrencyLimit(PermitTable table, ulong scope, int most, bool perClient)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        _table = table;
        _scope = scope;
        _perClient = perClient;
        Most = most;
    }

    /// <summary>Requests at once.</summary>
    public int Most { get; }

    /// <summary>Requests that might begin now; makes no object.</summary>
    public int FreeOf(in Client client) => Math.Max(Most - _table.TakenIn(KeyOf(client)), 0);

    /// <inheritdoc/>
    public override RateLimiterStatistics GetStatistics(Client resource) => new() { CurrentAvailablePermits = FreeOf(resource) };

    /// <inheritdoc/>
    protected override RateLimitLease AttemptAcquireCore(Client resource, int permitCount)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(permitCount, 1);
        return _table.TryTake(KeyOf(resource), Most) ?? (RateLimitLease)RefusedLease.Instance;
    }

    /// <inheritdoc/>
    protected override ValueTask<RateLimitLease> AcquireAsyncCore(Client resource, int permitCount, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<RateLimitLease>(cancellationToken) : new(AttemptAcquireCore(resource, permitCount));

    private PartitionKey KeyOf(in Client client) => new(_scope, _perClient ? client.Id : PartitionKey.Everybody);
}
