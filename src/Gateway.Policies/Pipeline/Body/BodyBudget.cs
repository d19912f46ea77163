namespace BlazeGateway.Policies.Pipeline.Body;

/// <summary>Bytes of request bodies the whole process may hold at one time. Lock-free; a reservation is all or nothing.</summary>
/// <param name="limit">Most bytes in flight.</param>
public sealed class BodyBudget(long limit)
{
    /// <summary>Default limit: 256 MiB.</summary>
    public const long DefaultLimit = 256L * 1024 * 1024;

    private long _reserved;

    /// <summary>Bytes reserved now.</summary>
    public long Reserved => Volatile.Read(ref _reserved);

    /// <summary>Most bytes in flight.</summary>
    public long Limit { get; } = limit;

    /// <summary>Reserves <paramref name="bytes"/>; false, and nothing reserved, when that would pass the limit.</summary>
    public bool TryReserve(long bytes)
    {
        if (Interlocked.Add(ref _reserved, bytes) <= Limit)
        {
            return true;
        }

        Interlocked.Add(ref _reserved, -bytes);
        return false;
    }

    /// <summary>Gives back what was reserved.</summary>
    public void Release(long bytes) => Interlocked.Add(ref _reserved, -bytes);
}
