using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Tests.Destinations;

public class DestinationPaceTests
{
    private static readonly TimeSpan Now = TimeSpan.FromSeconds(1000);

    private readonly DestinationPace _pace = new();

    private void Answer(int times, double factor)
    {
        for (var i = 0; i < times; i++)
        {
            _pace.Took(factor, 1, Now);
        }
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(1)]
    [InlineData(3)]
    public void It_becomes_what_answers_say(double factor)
    {
        Answer(200, factor);
        Assert.InRange(_pace.Learned / factor, 0.99, 1.01);
        Assert.Equal(_pace.Learned, _pace.Factor(Now), 2);
        Assert.Equal(factor, _pace.Usual, 6);
    }

    [Fact]
    public void One_that_is_new_is_thought_quick_until_it_has_answered()
    {
        Assert.Equal(0.5, _pace.Factor(Now));
        Answer(1, 1);
        Assert.Equal(0.6, _pace.Factor(Now), 9);
        Answer(48, 1);
        Assert.InRange(_pace.Factor(Now), 0.95, 0.999);
        Answer(1, 1);
        Assert.Equal(1, _pace.Factor(Now), 9);
    }

    [Fact]
    public void That_it_is_tried_is_not_learned()
    {
        Answer(1, 1);
        Assert.Equal(1, _pace.Learned, 9);
        Answer(200, 3);
        _pace.Took(3, 1, Now + TimeSpan.FromMinutes(5));
        Assert.InRange(_pace.Learned, 2.99, 3.01);
    }

    /// <summary>Times as chance makes them differ between equal servers: what was learned wanders, what picks go by seldom leaves 1, and never far.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_chance_could_have_made_is_not_believed(int seed)
    {
        var random = new Random(seed);
        var (learned, gone) = (0.0, 0.0);
        Answer(100, 1);
        for (var i = 0; i < 5000; i++)
        {
            _pace.Took(Math.Exp(0.6 * ((2 * random.NextDouble()) - 1)), 1, Now);
            learned += Math.Abs(Math.Log(_pace.Learned)) / 5000;
            gone += Math.Abs(Math.Log(_pace.Factor(Now))) / 5000;
        }

        Assert.True(learned > 0.03, $"{learned}");
        Assert.True(gone < learned / 4, $"{gone} of {learned}");
    }

    [Fact]
    public void What_is_more_than_chance_is_believed()
    {
        var random = new Random(7);
        for (var i = 0; i < 500; i++)
        {
            _pace.Took(2.9 * Math.Exp(0.3 * ((2 * random.NextDouble()) - 1)), 1, Now);
        }

        Assert.InRange(_pace.Factor(Now), 2.7, 3.1);
    }

    [Fact]
    public void One_found_slow_is_thought_less_so_when_nothing_was_heard_of_it()
    {
        Answer(200, 5);
        Assert.Equal(5, _pace.Factor(Now + TimeSpan.FromSeconds(10)), 3);
        Assert.InRange(_pace.Factor(Now + TimeSpan.FromSeconds(20)), 1.9, 2.1);
        Assert.InRange(_pace.Factor(Now + TimeSpan.FromSeconds(100)), 1.03, 1.05);
        Answer(400, 0.5);
        Assert.Equal(0.5, _pace.Factor(Now + TimeSpan.FromHours(1)), 3);
    }

    /// <summary>A twentieth, or as many twentieths as seconds passed, half at most.</summary>
    [Theory]
    [InlineData(0, 0.05)]
    [InlineData(1, 0.05)]
    [InlineData(4, 0.2)]
    [InlineData(10, 0.5)]
    [InlineData(50, 0.5)]
    public void The_longer_nothing_was_heard_the_more_an_answer_counts(double seconds, double part)
    {
        Answer(400, 4);
        _pace.Took(2, 1, Now + TimeSpan.FromSeconds(seconds));
        Assert.Equal(4 * Math.Pow(0.5, part), _pace.Learned, 2);
    }

    [Fact]
    public void A_rise_is_followed_faster_than_a_fall()
    {
        Answer(100, 1);
        Answer(5, 4);
        var up = _pace.Learned;
        Answer(200, 4);
        Answer(5, 1);
        Assert.True(up > 1.5);
        Assert.True(_pace.Learned > 2.5);
    }

    [Fact]
    public void The_share_of_failures_rises_with_each_and_fades()
    {
        _pace.Judged(isFailure: true, Now);
        Assert.Equal(0.1, _pace.Failures(Now), 9);
        _pace.Judged(isFailure: false, Now);
        Assert.Equal(0.09, _pace.Failures(Now), 9);
        Assert.Equal(0.09 * Math.Exp(-2), _pace.Failures(Now + TimeSpan.FromSeconds(20)), 6);
    }

    [Fact]
    public void Chunks_are_averaged()
    {
        Assert.Equal(0, _pace.PerChunk);
        _pace.ChunksCame(0.02);
        Assert.Equal(0.02, _pace.PerChunk);
        for (var i = 0; i < 100; i++)
        {
            _pace.ChunksCame(0.04);
        }

        Assert.Equal(0.04, _pace.PerChunk, 4);
    }
}
