namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>A stream of several servers is allowed to look different from one of a single server, and only in that.</summary>
public sealed class ContinuedRuleTests
{
    private const string Done = "data: [DONE]\n\n";

    [Theory]
    [InlineData("a0 a1 b0 b1 b2 .", true)]
    [InlineData("a0 b0 b1 b2 .", true)]
    [InlineData("b0 b1 b2 .", true)]
    // A gap.
    [InlineData("a0 b0 b2 .", false)]
    [InlineData("a0 b1 b2 .", false)]
    [InlineData("a1 b0 b1 b2 .", false)]
    [InlineData("a0 b0 b1 .", false)]
    // A repetition.
    [InlineData("a0 a0 b0 b1 b2 .", false)]
    [InlineData("a0 a1 b0 b1 b1 b2 .", false)]
    [InlineData("a0 b0 a1 b1 b2 .", false)]
    [InlineData("a0 a1 b0 b1 b2 b0 b1 b2 .", false)]
    // More than one end, one in the middle, or none.
    [InlineData("a0 b0 b1 b2 . .", false)]
    [InlineData("a0 . b0 b1 b2 .", false)]
    [InlineData("a0 b0 b1 b2 . b2", false)]
    [InlineData("a0 b0 b1 b2", false)]
    public void A_gap_a_repetition_and_a_second_end_are_found(string events, bool isWhole)
    {
        var time = new SimulatedTime();
        SimulatedServer[] asked = [new("a", time, new Random(1)) { Events = 3 }, new("b", time, new Random(2)) { Events = 3 }];

        Assert.Equal(isWhole, SimulatedInvariants.IsContinued(asked, string.Concat(events.Split(' ').Select(EventOf))));
    }

    private static string EventOf(string name) =>
        name == "." ? Done : $$$"""data: {"choices":[{"delta":{"content":"{{{name[0]}}} {{{name[1]}}}"}}]}""" + "\n\n";
}
