using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Tests.Inference;

public class TokenEstimatesTests
{
    private static InferenceFacts Facts(int bytes, int most = -1, int choices = 1) => new() { PromptBytes = bytes, MaxOutputTokens = most, Choices = choices };

    [Theory]
    [InlineData(0, -1, 1, 0, 128)]
    [InlineData(1, -1, 1, 1, 128)]
    [InlineData(400, 127, 1, 100, 127)]
    [InlineData(401, 128, 1, 101, 128)]
    [InlineData(400, 129, 1, 100, 128)]
    [InlineData(400, 0, 1, 100, 0)]
    [InlineData(400, 10, 3, 100, 30)]
    [InlineData(int.MaxValue, int.MaxValue, int.MaxValue, 1 << 24, 128 * 128)]
    [InlineData(400, 10, 0, 100, 10)]
    public void Before_anything_is_known(int bytes, int most, int choices, int prompt, int output) =>
        Assert.Equal(new RequestWork(prompt, output), new TokenEstimates().Estimate(Facts(bytes, most, choices)));

    [Fact]
    public void What_model_servers_state_is_believed_after_some_answers()
    {
        var tokens = new TokenEstimates();
        for (var i = 0; i < 200; i++)
        {
            tokens.Learn(Facts(3000), new TokenUsage(1000, 250, -1), isWhole: true);
        }

        Assert.Equal(3, tokens.BytesPerToken, 2);
        Assert.Equal(250, tokens.Output, 0);
        Assert.Equal(new RequestWork(1000, 249), tokens.Estimate(Facts(3000)) with { OutputTokens = 249 });
    }

    /// <summary>Some servers make one answer however many are asked for.</summary>
    [Theory]
    [InlineData(1, 500)]
    [InlineData(2, 128)]
    public void How_long_an_answer_is_is_learned_where_one_was_asked_for(int choices, double output)
    {
        var tokens = new TokenEstimates();
        for (var i = 0; i < 400; i++)
        {
            tokens.Learn(Facts(3000, choices: choices), new TokenUsage(1000, 500, -1), isWhole: true);
        }

        Assert.Equal(output, tokens.Output, 0);
    }

    [Theory]
    [InlineData(1600, 100, 16)]
    [InlineData(1601, 100, 4)]
    [InlineData(500, 1000, 0.5)]
    [InlineData(499, 1000, 4)]
    public void What_is_no_text_says_nothing_of_text(int bytes, int stated, double bytesPerToken)
    {
        var tokens = new TokenEstimates();
        for (var i = 0; i < 500; i++)
        {
            tokens.Learn(Facts(bytes), new TokenUsage(stated, -1, -1), isWhole: true);
        }

        Assert.Equal(bytesPerToken, tokens.BytesPerToken, 3);
    }

    [Fact]
    public void Nothing_is_learned_from_nothing_nor_the_length_of_an_answer_from_one_broken_off()
    {
        var tokens = new TokenEstimates();
        tokens.Learn(Facts(3000), TokenUsage.Unknown, isWhole: true);
        tokens.Learn(Facts(0), new TokenUsage(10, 0, -1), isWhole: true);
        tokens.Learn(Facts(0), new TokenUsage(0, 5, -1), isWhole: false);
        Assert.Equal((TokenEstimates.FirstBytesPerToken, TokenEstimates.FirstOutput), (tokens.BytesPerToken, tokens.Output));
    }
}
