using BlazeGateway.Policies.LoadBalancing.Adaptive;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Adaptive;

public class ModelTrialTests
{
    private static ModelTrial Warm(int answers = ModelTrial.Cold)
    {
        var trial = new ModelTrial();
        for (var i = 0; i < answers; i++)
        {
            trial.Predicted(1, 1, 1);
        }

        return trial;
    }

    [Theory]
    [InlineData(ModelTrial.Cold - 1, false)]
    [InlineData(ModelTrial.Cold, true)]
    [InlineData(ModelTrial.Cold + 1, true)]
    public void It_is_followed_after_some_answers(int answers, bool isTrusted) =>
        Assert.Equal((isTrusted, !isTrusted), (Warm(answers).IsTrusted(default), Warm(answers).IsCold));

    [Fact]
    public void One_that_does_worse_than_what_is_held_out_is_left_out_for_a_minute_and_begins_again()
    {
        var trial = Warm();
        var now = TimeSpan.FromSeconds(100);
        for (var i = 0; i < 40; i++)
        {
            trial.Rewarded(isHeldOut: false, -1 + (0.1 * (i % 3)), now);
            trial.Rewarded(isHeldOut: true, 0 + (0.1 * (i % 3)), now);
        }

        Assert.Equal(1, trial.Losses);
        Assert.False(trial.IsTrusted(now + ModelTrial.Bench - TimeSpan.FromTicks(1)));
        Assert.True(trial.IsTrusted(now + ModelTrial.Bench));
        Assert.InRange(trial.OfHoldout.Weight, 0, 10);
    }

    [Fact]
    public void Answers_are_counted_on_when_there_is_no_more_to_learn() => Assert.Equal(ModelTrial.Learned + 10, Warm(ModelTrial.Learned + 10).Answers);

    [Fact]
    public void Chance_alone_does_not_leave_it_out()
    {
        var (trial, random) = (Warm(), new Random(1));
        for (var i = 0; i < 20_000; i++)
        {
            trial.Rewarded(isHeldOut: i % 50 == 0, random.NextDouble(), default);
        }

        Assert.InRange(trial.Losses, 0, 2);
    }

    [Fact]
    public void One_that_predicts_worse_than_what_is_usual_is_left_out_until_it_predicts_better()
    {
        var trial = Warm();
        for (var i = 0; i < 400; i++)
        {
            trial.Predicted(1, predicted: 3, usual: 1.5);
        }

        Assert.False(trial.IsTrusted(default));
        for (var i = 0; i < 2000; i++)
        {
            trial.Predicted(1, predicted: 1.1, usual: 1.5);
        }

        Assert.True(trial.IsTrusted(default));
    }

    /// <summary>Errors about as large as those of usual times: it is not left out and followed again with every answer.</summary>
    [Fact]
    public void It_does_not_come_and_go_where_both_predict_about_as_well()
    {
        var (trial, random, changes, before) = (Warm(), new Random(1), 0, true);
        for (var i = 0; i < 20_000; i++)
        {
            var seconds = Math.Exp(random.NextDouble() - 0.5);
            trial.Predicted(seconds, predicted: seconds * Math.Exp(0.46 + (0.4 * (random.NextDouble() - 0.5))), usual: seconds * Math.Exp(0.4 + (0.4 * (random.NextDouble() - 0.5))));
            changes += trial.PredictsWorse == before ? 1 : 0;
            before = !trial.PredictsWorse;
        }

        Assert.InRange(changes, 0, 20);
    }

    /// <summary>Rewards within 0.1 of each other: few are enough where the difference is large, none where it is not.</summary>
    [Theory]
    [InlineData(8, 0.7, true)]
    [InlineData(9, 0.7, false)]
    [InlineData(20, 0.01, true)]
    [InlineData(40, 0.01, false)]
    [InlineData(40, -0.01, true)]
    public void One_whose_picks_fare_better_is_not_left_out_for_how_it_predicts(int heldOut, double better, bool isLeftOut)
    {
        var trial = Warm();
        for (var i = 0; i < 400; i++)
        {
            trial.Predicted(1, predicted: 3, usual: 1.5);
        }

        Assert.True(trial.PredictsWorse);
        for (var i = 0; i < heldOut; i++)
        {
            trial.Rewarded(isHeldOut: false, better + (0.1 * (i % 3)), default);
            trial.Rewarded(isHeldOut: true, 0.1 * (i % 3), default);
        }

        Assert.Equal(isLeftOut, trial.PredictsWorse);
        Assert.Equal(!isLeftOut, trial.IsTrusted(default));
    }

    [Fact]
    public void One_that_earns_more_than_every_other_way_is_not_left_out_for_how_it_predicts()
    {
        var arms = new ArmBandit(AdaptiveArms.Count);
        var trial = new ModelTrial(arms);
        for (var i = 0; i < 400; i++)
        {
            trial.Predicted(1, predicted: 3, usual: 1.5);
        }

        Assert.True(trial.PredictsWorse);
        for (var i = 0; i < 40; i++)
        {
            arms.Learn(AdaptiveArms.Model, 0.3);
            arms.Learn(AdaptiveArms.ConsistentHash, -0.1);
        }

        Assert.False(trial.PredictsWorse);
        for (var i = 0; i < 200; i++)
        {
            arms.Learn(AdaptiveArms.ConsistentHash, 0.9);
        }

        Assert.True(trial.PredictsWorse);
    }
}
