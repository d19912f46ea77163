using BlazeGateway.Policies.LoadBalancing.Adaptive;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Adaptive;

public class CostModelTests
{
    private static double Truth(in CostFeatures at) => 0.03 + (0.5 * at.Tokens) + (0.01 * at.InFlight) + (0.02 * at.Tokens * at.InFlight);

    private static CostFeatures Any(Random random) => new(random.NextDouble() * 8, random.Next(30));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void It_finds_what_times_are_made_of_in_spite_of_noise(int seed)
    {
        var random = new Random(seed);
        var model = new CostModel();
        for (var i = 0; i < 3000; i++)
        {
            var at = Any(random);
            model.Learn(at, Truth(at) * Math.Exp(0.2 * (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5)));
        }

        Assert.All(Enumerable.Range(0, 200), _ =>
        {
            var at = Any(random);
            Assert.InRange(model.Predict(at) / Truth(at), 0.9, 1.1);
        });
        Assert.Equal(3000, model.Samples);
    }

    [Fact]
    public void A_server_that_changes_is_followed()
    {
        var random = new Random(1);
        var model = new CostModel();
        for (var i = 0; i < 6000; i++)
        {
            var at = Any(random);
            model.Learn(at, Truth(at) * (i < 2000 ? 1 : 3));
        }

        var probe = new CostFeatures(2, 5);
        Assert.InRange(model.Predict(probe) / (3 * Truth(probe)), 0.85, 1.15);
    }

    [Fact]
    public void Whatever_it_is_told_it_predicts_a_time()
    {
        var random = new Random(1);
        var model = new CostModel();
        for (var i = 0; i < 20_000; i++)
        {
            model.Learn(new CostFeatures(random.Next(3) == 0 ? 0 : Math.Exp(20 * random.NextDouble()), random.Next(100_000)), Math.Exp(30 * (random.NextDouble() - 0.5)));
            Assert.InRange(model.Predict(new CostFeatures(1, 1)), 1e-4, 1e12);
        }

        Assert.All(model.Coefficients, coefficient => Assert.True(coefficient >= 0 && double.IsFinite(coefficient)));
    }

    [Fact]
    public void Requests_without_tokens_have_a_time_by_what_is_in_flight()
    {
        var model = new CostModel();
        for (var i = 0; i < 2000; i++)
        {
            model.Learn(new CostFeatures(0, i % 10), 0.1 * (1 + (i % 10)));
        }

        Assert.InRange(model.Predict(new CostFeatures(0, 4)), 0.45, 0.55);
    }

    /// <summary>Services that know no tokens say nothing of two coefficients, however long they run.</summary>
    [Fact]
    public void What_nothing_is_said_of_does_not_keep_the_rest_from_being_followed()
    {
        var model = new CostModel();
        for (var i = 0; i < 50_000; i++)
        {
            model.Learn(new CostFeatures(0, i % 10), (i < 40_000 ? 0.1 : 0.4) * (1 + (i % 10)));
        }

        Assert.InRange(model.Predict(new CostFeatures(0, 4)), 1.9, 2.1);
        model.Learn(new CostFeatures(1e9, 3), 1e-3);
        model.Learn(new CostFeatures(double.NaN, 3), double.NaN);
        Assert.InRange(model.Predict(new CostFeatures(1, 4)), 1e-4, 1e6);
    }

    [Fact]
    public void Eight_threads_leave_it_whole()
    {
        var model = new CostModel();
        Parallel.For(0, 8, seed =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 5000; i++)
            {
                var at = Any(random);
                model.Learn(at, Truth(at));
            }
        });
        var probe = new CostFeatures(2, 5);
        Assert.InRange(model.Predict(probe) / Truth(probe), 0.95, 1.05);
        Assert.InRange(model.Samples, 5000, 40_000);
    }
}
