using BlazeGateway.Policies.RateLimiting;

namespace BlazeGateway.Policies.Tests.RateLimiting;

public sealed class PermitTableTests
{
    private static PartitionKey Client(long id) => new(1, (ulong)id);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Permits_are_taken_up_to_the_limit_and_given_back(int limit)
    {
        var table = new PermitTable();
        var taken = Enumerable.Range(0, limit).Select(_ => table.TryTake(Client(7), limit)!).ToArray();
        Assert.All(taken, Assert.NotNull);
        Assert.Null(table.TryTake(Client(7), limit));
        Assert.NotNull(table.TryTake(Client(8), limit));
        Assert.Equal(limit + 1, table.Taken);

        taken[0].Dispose();

        Assert.NotNull(table.TryTake(Client(7), limit));
        Assert.Null(table.TryTake(Client(7), limit));
    }

    [Fact]
    public void A_limit_that_changes_counts_what_is_taken_already()
    {
        var table = new PermitTable();
        var held = Enumerable.Range(0, 3).Select(_ => table.TryTake(Client(7), 3)!).ToArray();

        Assert.Null(table.TryTake(Client(7), 2));
        Assert.NotNull(table.TryTake(Client(7), 4));
        held[0].Dispose();
        held[1].Dispose();
        Assert.Null(table.TryTake(Client(7), 2));
        held[2].Dispose();
        Assert.NotNull(table.TryTake(Client(7), 2));
        Assert.Equal(2, table.Taken);
    }

    [Fact]
    public void Idle_clients_make_room_when_the_table_is_full()
    {
        var table = new PermitTable(capacity: 100);
        for (var i = 1; i <= 100; i++)
        {
            table.TryTake(Client(i), 1)!.Dispose();
        }

        Assert.Equal((100, 0L), (table.Count, table.Evictions));

        var busy = table.TryTake(Client(101), 1)!;
        Assert.InRange(table.Count, 1, 100);
        Assert.InRange(table.Evictions, 1, 100);
        for (var i = 1000; i < 11_000; i++)
        {
            table.TryTake(Client(i), 1)!.Dispose();
            Assert.InRange(table.Count, 1, 100);
        }

        Assert.Null(table.TryTake(Client(101), 1));
        busy.Dispose();
        Assert.Equal((0L, 0L), (table.Taken, table.Overflows));
    }

    [Fact]
    public void When_every_client_is_busy_further_ones_share_a_partition()
    {
        var table = new PermitTable(capacity: 50);
        var held = Enumerable.Range(1, 50).Select(i => table.TryTake(Client(i), 2)!).ToList();

        held.Add(table.TryTake(Client(51), 2)!);
        held.Add(table.TryTake(Client(52), 2)!);
        Assert.Null(table.TryTake(Client(53), 2));
        Assert.Equal(2, table.TakenIn(Client(0) with { Client = PartitionKey.Rest }));
        Assert.Equal((51, 3L), (table.Count, table.Overflows));

        held.ForEach(permit => permit.Dispose());
        Assert.Equal(0, table.Taken);
        Assert.NotNull(table.TryTake(Client(53), 2));
        Assert.Equal(0, table.TakenIn(Client(0) with { Client = PartitionKey.Rest }));
    }

    [Fact]
    public void Routes_and_clusters_always_find_room()
    {
        var table = new PermitTable(capacity: 2);
        _ = table.TryTake(Client(1), 1);
        _ = table.TryTake(Client(2), 1);

        Assert.NotNull(table.TryTake(new PartitionKey(5, PartitionKey.Everybody), 1));
        Assert.NotNull(table.TryTake(new PartitionKey(6, PartitionKey.Everybody), 1));
        Assert.Null(table.TryTake(new PartitionKey(6, PartitionKey.Everybody), 1));
        Assert.Equal(0, table.Overflows);
    }

    [Fact]
    public void A_million_clients_leave_no_more_than_the_table()
    {
        var table = new PermitTable();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 1L; i <= 1_000_000; i++)
        {
            table.TryTake(new PartitionKey(1, (ulong)i * 0x9E3779B97F4A7C15), 1)!.Dispose();
            if (i == PermitTable.DefaultCapacity)
            {
                // All that was ever made for a full table, so it holds no more; other tests share the heap and cannot spoil the figure.
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 * 1024 * 1024);
            }
        }

        Assert.InRange(table.Count, PermitTable.DefaultCapacity - 64, PermitTable.DefaultCapacity);
        Assert.Equal(1_000_000, table.Count + table.Evictions);
    }

    /// <summary>Threads take and give back while idle partitions are evicted under them: no more are ever taken than the limit, and none is lost.</summary>
    [Fact]
    public void Threads_never_take_more_than_the_limit_while_partitions_come_and_go()
    {
        const int Limit = 2;
        var table = new PermitTable(capacity: 4);
        var inside = new int[16];
        var most = 0;
        var refused = 0;
        Parallel.For(0, 8, worker =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 20_000; i++)
            {
                var client = random.Next(inside.Length);

                // Each in a scope of its own, because the partition that clients share when there is no room would hide a lost one.
                if (table.TryTake(new PartitionKey((ulong)client + 100, PartitionKey.Everybody), Limit) is { } permit)
                {
                    var now = Interlocked.Increment(ref inside[client]);
                    InterlockedMax(ref most, now);
                    table.TryTake(Client(random.Next(1, 1000)), 1)?.Dispose();
                    Interlocked.Decrement(ref inside[client]);
                    permit.Dispose();
                }
                else
                {
                    Interlocked.Increment(ref refused);
                }
            }
        });

        Assert.InRange(most, 1, Limit);
        Assert.Equal(0, table.Taken);
        Assert.True(table.Evictions > 1000, $"only {table.Evictions} evictions happened");
    }

    [Fact]
    public void Scopes_differ_by_kind_and_id_and_not_by_case()
    {
        Assert.Equal(PartitionKey.ScopeOf("route", "Chat"), PartitionKey.ScopeOf("route", "chat"));
        Assert.NotEqual(PartitionKey.ScopeOf("route", "chat"), PartitionKey.ScopeOf("cluster", "chat"));
        Assert.NotEqual(PartitionKey.ScopeOf("route", "chat"), PartitionKey.ScopeOf("route", "chat2"));
    }

    private static void InterlockedMax(ref int target, int value)
    {
        var seen = Volatile.Read(ref target);
        while (value > seen)
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
