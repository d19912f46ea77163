using System.Threading.RateLimiting;

namespace BlazeGateway.Policies.RateLimiting;

/// <summary>What one request holds: permits of every limit and slot it passed. Each is given back once, however often <see cref="Release()"/> is called.</summary>
internal sealed class LeaseSet
{
    private readonly List<RateLimitLease> _leases = new(4);

    /// <summary>Leases held.</summary>
    public int Count => _leases.Count;

    /// <summary>Takes hold of an acquired lease.</summary>
    public void Add(RateLimitLease lease) => _leases.Add(lease);

    /// <summary>Gives one lease back, if it is held.</summary>
    public void Release(RateLimitLease lease)
    {
        if (_leases.Remove(lease))
        {
            lease.Dispose();
        }
    }

    /// <summary>Gives everything back.</summary>
    public void Release()
    {
        while (_leases.Count > 0)
        {
            var last = _leases[^1];
            _leases.RemoveAt(_leases.Count - 1);
            last.Dispose();
        }
    }
}
