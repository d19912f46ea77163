using BlazeGateway.Demo.ModelServer.Faults;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Tests.Demo.ModelServer;

public sealed class FaultPlanTests
{
    [Fact]
    public void EveryPartOfARuleIsRead()
    {
        var plan = FaultPlan.Parse("status=429;retry-after=5;p=0.2;count=3;skip=1;for=2s;path=/v1/chat, drip=1/100ms");

        Assert.Equal(2, plan.Rules.Length);
        var rule = plan.Rules[0];
        Assert.Equal((FaultKind.Status, 429, 5, 0.2, 3, 1), (rule.Kind, rule.Status, rule.RetryAfter!.Value, rule.Probability, rule.Count, rule.Skip));
        Assert.Equal((TimeSpan.FromSeconds(2), "/v1/chat"), (rule.Lasts!.Value, rule.Path));
        Assert.Equal((1, TimeSpan.FromMilliseconds(100)), (plan.Rules[1].At, plan.Rules[1].Pause));
    }

    [Theory]
    [InlineData("explode", "'explode' is not a fault")]
    [InlineData("status=399", "status is '399'")]
    [InlineData("status=600", "status is '600'")]
    [InlineData("rst=later", "'later' is not a place")]
    [InlineData("rst=mid:0", "mid is '0'")]
    [InlineData("hang=head;p=1.1", "p is '1.1'")]
    [InlineData("slow=4;for=soon", "'soon' is not a time")]
    [InlineData("rst=head;retry-after=1", "retry-after goes with status only")]
    [InlineData("rst=head;x=1", "'x=1' is not a modifier")]
    public void ABadPlanNamesThePartAndTheRule(string plan, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => FaultPlan.Parse(plan)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("status=400")]
    [InlineData("status=599")]
    [InlineData("hang=head;p=0")]
    [InlineData("hang=head;p=1")]
    [InlineData("end=after:0")]
    public void LimitsThemselvesAreAllowed(string plan) => Assert.Single(FaultPlan.Parse(plan).Rules);

    [Fact]
    public void CountSkipAndTimeLimitAFault()
    {
        var time = new FakeTimeProvider();
        var faults = new FaultSet(1, time);
        faults.Set(FaultPlan.Parse("rst=head;skip=1;count=2,status=500;for=10s"));

        var struck = Enumerable.Range(0, 4).Select(_ => faults.Strike("/v1/chat/completions")!.Kind).ToArray();
        time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal([FaultKind.Status, FaultKind.Reset, FaultKind.Reset, FaultKind.Status], struck);
        Assert.Null(faults.Strike("/v1/chat/completions"));
    }

    [Fact]
    public void ChanceIsNearItsShareAndRepeatsBySeed()
    {
        bool[] Draw(ulong seed)
        {
            var faults = new FaultSet(seed, new FakeTimeProvider());
            faults.Set(FaultPlan.Parse("status=500;p=0.2"));
            return [.. Enumerable.Range(0, 5000).Select(_ => faults.Strike("/v1/x") is not null)];
        }

        Assert.InRange(Draw(1).Count(struck => struck), 900, 1100);
        Assert.Equal(Draw(1), Draw(1));
        Assert.NotEqual(Draw(1), Draw(2));
    }

    [Fact]
    public void HealthAndMetricsAreSparedUnlessNamed()
    {
        var faults = new FaultSet(1, new FakeTimeProvider());
        faults.Set(FaultPlan.Parse("rst=head"));
        Assert.Null(faults.Strike("/metrics"));
        Assert.NotNull(faults.Strike("/v1/models"));
        faults.Set(FaultPlan.Parse("rst=head;path=/metrics"));
        Assert.NotNull(faults.Strike("/metrics"));
        Assert.Null(faults.Strike("/v1/models"));
    }
}
