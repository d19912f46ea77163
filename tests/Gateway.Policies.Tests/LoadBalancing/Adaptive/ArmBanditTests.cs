using BlazeGateway.Policies.LoadBalancing.Adaptive;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Adaptive;

public class ArmBanditTests
{
    private static int[] Run(ArmBandit bandit, int rounds, Func<int, double> mean, Random random, uint allowed = 0xFF)
    {
        var counts = new int[bandit.Count];
        for (var i = 0; i < rounds; i++)
        {
            var arm = bandit.Choose(allowed);
            counts[arm]++;
            bandit.Learn(arm, mean(arm) + random.NextDouble() - 0.5);
        }

        return counts;
    }

    [Fact]
    public void Most_requests_go_by_the_best_and_a_change_is_followed()
    {
        var (bandit, random) = (new ArmBandit(8), new Random(1));
        Assert.InRange(Run(bandit, 20_000, arm => arm == 3 ? 0 : -0.5, random)[3], 18_000, 20_000);
        Run(bandit, 20_000, arm => arm == 5 ? 0 : -0.5, random);
        Assert.InRange(Run(bandit, 5000, arm => arm == 5 ? 0 : -0.5, random)[5], 4000, 5000);
    }

    [Fact]
    public void What_is_not_allowed_is_not_chosen()
    {
        var (bandit, random) = (new ArmBandit(8), new Random(1));
        Assert.Equal(0, Run(bandit, 5000, arm => arm == 0 ? 1 : 0, random, allowed: 0xFE)[0]);
        Assert.Equal(-1, bandit.Choose(0));
    }

    [Fact]
    public void The_first_without_any_reward_is_the_first() => Assert.Equal((0, 0, 0), (new ArmBandit(8).Choose(0xFF), new ArmBandit(8).Mean(0), new ArmBandit(8).Weight(0)));

    /// <summary>Thirty rewards each are enough, and 0.05 is close; of an arm with fewer nothing is said.</summary>
    [Theory]
    [InlineData(40, 0.2, 40, 0.1, true)]
    [InlineData(40, 0.2, 40, 0.24, true)]
    [InlineData(40, 0.2, 40, 0.26, false)]
    [InlineData(40, 0.2, 29, 0.9, true)]
    [InlineData(29, 0.2, 40, 0.1, false)]
    public void An_arm_leads_when_no_other_earns_more(int its, double reward, int others, double other, bool leads)
    {
        var bandit = new ArmBandit(3);
        for (var i = 0; i < Math.Max(its, others); i++)
        {
            if (i < its)
            {
                bandit.Learn(0, reward);
            }

            if (i < others)
            {
                bandit.Learn(1, other);
            }
        }

        Assert.Equal(leads, bandit.Leads(0, enough: 30, close: 0.05));
    }
}
