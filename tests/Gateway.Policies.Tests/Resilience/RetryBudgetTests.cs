using BlazeGateway.Policies.Resilience;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.Resilience;

public sealed class RetryBudgetTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void It_begins_with_what_ten_seconds_earn()
    {
        var budget = new RetryBudget(new() { Ratio = 0.1, PerSecond = 3 }, _time);
        Assert.Equal(30, Take(budget));
        _time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.Equal(2, Take(budget));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(1, Take(budget));
    }

    [Theory]
    [InlineData(9, 0)]
    [InlineData(10, 1)]
    [InlineData(19, 1)]
    [InlineData(1000, 100)]
    [InlineData(2000, 100)]
    public void A_share_of_the_requests_is_earned_and_saved_to_a_limit(int requests, int attempts)
    {
        var budget = new RetryBudget(new() { Ratio = 0.1, PerSecond = 0 }, _time);
        for (var i = 0; i < requests; i++)
        {
            budget.Deposit();
        }

        Assert.Equal(attempts, Take(budget));
    }

    [Fact]
    public void Time_alone_saves_no_more_than_the_limit()
    {
        var budget = new RetryBudget(new() { Ratio = 0.1, PerSecond = 3 }, _time);
        _time.Advance(TimeSpan.FromHours(5));
        Assert.Equal(130, Take(budget));
    }

    [Fact]
    public void What_is_made_whatever_is_left_leaves_no_debt()
    {
        var budget = new RetryBudget(new() { Ratio = 0, PerSecond = 1 }, _time);
        for (var i = 0; i < 1000; i++)
        {
            budget.Take();
        }

        Assert.Equal(0, budget.Left, 6);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2, Take(budget));
    }

    [Fact]
    public void Of_many_who_ask_at_once_no_more_get_one_than_there_are()
    {
        var budget = new RetryBudget(new() { Ratio = 0, PerSecond = 10 }, _time);
        var taken = 0;
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 1000; i++)
            {
                if (budget.TryTake())
                {
                    Interlocked.Increment(ref taken);
                }
            }
        });
        Assert.Equal(100, taken);
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var budget = new RetryBudget(new(), _time);
        var least = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                budget.Deposit();
                budget.TryTake();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private static int Take(RetryBudget budget)
    {
        var taken = 0;
        while (budget.TryTake())
        {
            taken++;
        }

        return taken;
    }
}
