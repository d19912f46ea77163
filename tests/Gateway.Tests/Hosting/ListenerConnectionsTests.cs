using BlazeGateway.Hosting;
using Microsoft.AspNetCore.Connections;

namespace BlazeGateway.Tests.Hosting;

public class ListenerConnectionsTests
{
    private readonly List<TaskCompletionSource> _served = [];

    [Fact]
    public async Task Up_to_the_budget_connections_are_served_and_above_it_they_are_closed()
    {
        var connections = new ListenerConnections(2, TimeProvider.System);
        var serve = connections.Count(ServeAsync);
        var first = serve(new DefaultConnectionContext());
        var second = serve(new DefaultConnectionContext());
        await serve(new DefaultConnectionContext());
        Assert.Equal((2, 1L, 2), (connections.Open, connections.Refused, _served.Count));

        _served[0].SetResult();
        await first;
        Assert.Equal(1, connections.Open);
        var fourth = serve(new DefaultConnectionContext());
        Assert.Equal((2, 1L, 3), (connections.Open, connections.Refused, _served.Count));

        _served[1].SetException(new IOException());
        _served[2].SetCanceled(TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<IOException>(() => second);
        await Assert.ThrowsAsync<TaskCanceledException>(() => fourth);
        Assert.Equal(0, connections.Open);
    }

    [Fact]
    public async Task Many_at_once_never_pass_the_budget()
    {
        var (now, most) = (0, 0);
        var connections = new ListenerConnections(8, TimeProvider.System);
        var serve = connections.Count(async _ =>
        {
            var open = Interlocked.Increment(ref now);
            InterlockedMax(ref most, open);
            await Task.Yield();
            Interlocked.Decrement(ref now);
        });
        await Parallel.ForAsync(0, 10_000, async (_, _) => await serve(new DefaultConnectionContext()));
        Assert.InRange(most, 1, 8);
        Assert.Equal(0, connections.Open);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); value > seen;)
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    private Task ServeAsync(ConnectionContext connection)
    {
        var served = new TaskCompletionSource();
        _served.Add(served);
        return served.Task;
    }
}
