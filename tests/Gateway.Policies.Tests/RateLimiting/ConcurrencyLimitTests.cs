using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.RateLimiting;

namespace BlazeGateway.Policies.Tests.RateLimiting;

public sealed class ConcurrencyLimitTests
{
    private static readonly Client Red = new(11, "red", PriorityBand.Standard, 1);
    private static readonly Client Blue = new(12, "blue", PriorityBand.Standard, 1);
    private readonly PermitTable _table = new();

    private ConcurrencyLimit Limit(int most, bool perClient, string route = "chat") => new(_table, PartitionKey.ScopeOf("route", route), most, perClient);

    [Fact]
    public void Each_client_has_its_own()
    {
        using var limit = Limit(1, perClient: true);
        using var red = limit.AttemptAcquire(Red);
        using var again = limit.AttemptAcquire(Red);
        using var blue = limit.AttemptAcquire(Blue);
        Assert.Equal((true, false, true), (red.IsAcquired, again.IsAcquired, blue.IsAcquired));
        Assert.Equal(0, limit.GetStatistics(Red)!.CurrentAvailablePermits);
    }

    [Fact]
    public void All_together_share_one()
    {
        using var limit = Limit(2, perClient: false);
        using var red = limit.AttemptAcquire(Red);
        using var blue = limit.AttemptAcquire(Blue);
        using var third = limit.AttemptAcquire(Red);
        Assert.Equal((true, true, false), (red.IsAcquired, blue.IsAcquired, third.IsAcquired));
        using var other = Limit(2, perClient: false, "other");
        Assert.Equal(2, other.GetStatistics(Red)!.CurrentAvailablePermits);
    }

    [Fact]
    public async Task Waiting_does_not_wait()
    {
        using var limit = Limit(1, perClient: true);
        using var first = await limit.AcquireAsync(Red);
        using var second = await limit.AcquireAsync(Red);
        Assert.Equal((true, false), (first.IsAcquired, second.IsAcquired));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await limit.AcquireAsync(Red, 1, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_request_takes_one_permit()
    {
        using var limit = Limit(3, perClient: true);
        Assert.Throws<ArgumentOutOfRangeException>(() => limit.AttemptAcquire(Red, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Limit(0, perClient: true));
        Assert.Equal(0, _table.Taken);
    }

    [Fact]
    public void A_set_of_leases_gives_each_back_once()
    {
        using var client = Limit(5, perClient: true);
        using var route = Limit(5, perClient: false);
        var held = new LeaseSet();
        held.Add(client.AttemptAcquire(Red));
        held.Add(route.AttemptAcquire(Red));
        Assert.Equal((2, 2L), (held.Count, _table.Taken));

        held.Release();
        held.Release();

        Assert.Equal((0, 0L), (held.Count, _table.Taken));
        Assert.Equal(5, client.GetStatistics(Red)!.CurrentAvailablePermits);
    }

    [Fact]
    public void A_permit_costs_no_allocation()
    {
        using var client = Limit(1, perClient: true);
        var held = new LeaseSet();
        Take();

        // Code that is compiled anew while it runs may allocate once, so one of three rounds has to show nothing.
        Assert.Equal(0, new[] { Take(), Take(), Take() }.Min());

        long Take()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                held.Add(client.AttemptAcquire(Red));
                client.AttemptAcquire(Red).Dispose();
                held.Release();
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }
}
