using BlazeGateway.Demo.Simulation.Traces;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.Tests.Demo.Simulation;

public sealed class DecisionTraceTests : IDisposable
{
    private const string First = """{"time":"2026-11-27T10:00:00Z","requestId":"a","strategy":"Adaptive","promptTokens":90,"answerTokens":128,"prefix":["00000000000000a1","00000000000000a2","00000000000000a4"],"outcome":{"promptTokens":100,"answerTokens":7}}""";

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Decisions_are_read_whatever_their_order_with_what_was_stated_rather_than_what_was_estimated()
    {
        var requests = Read("""
            {"time":"2026-11-27T10:00:02.5+00:00","requestId":"b","strategy":"RoundRobin","promptTokens":40,"answerTokens":128}
            {"time":"2026-11-27T10:00:01Z","requestId":"no-model","strategy":"RoundRobin"}
            {"time":"2026-11-27T10:00:02.4Z","requestId":"b","strategy":"RoundRobin","promptTokens":40,"answerTokens":128,"outcome":{"next":"rate_limited"}}
            """ + "\n" + First);
        Assert.Equal([(0, 100, 7, -1), (2.5, 40, 128, -1)], requests.Select(request => (request.At, request.PromptTokens, request.AnswerTokens, request.Session)));
        Assert.Equal([16, 16, 32, 36], requests[0].Parts.Select(part => part.Tokens));
        Assert.Equal(new PromptPart(0xa2, 16), requests[0].Parts[1]);
    }

    [Fact]
    public void Equal_beginnings_are_equal_parts_and_the_rest_is_its_own()
    {
        var requests = Read(First + "\n" + First.Replace("00a4", "00b4", StringComparison.Ordinal) + "\n" + First);
        Assert.Equal(requests[0].Parts.Take(2), requests[1].Parts.Take(2));
        Assert.Equal(requests[0].Parts.Take(3), requests[2].Parts.Take(3));
        Assert.Equal(3, requests.Select(request => request.Parts[^1].Seed).Distinct().Count());
        Assert.NotEqual(requests[0].Parts[2], requests[1].Parts[2]);
    }

    [Theory]
    [InlineData(16, "16")]
    [InlineData(17, "16 1")]
    [InlineData(63, "16 16 31")]
    [InlineData(64, "16 16 32")]
    [InlineData(65, "16 16 32 1")]
    public void A_beginning_is_no_longer_than_the_prompt(int tokens, string parts) =>
        Assert.Equal(parts, string.Join(' ', Read(First.Replace("100", $"{tokens}", StringComparison.Ordinal))[0].Parts.Select(part => part.Tokens)));

    [Theory]
    [InlineData("00000000000000a1", "xyz", "prefix has 'xyz'; each must be 16 hexadecimal digits")]
    [InlineData("\"promptTokens\":100", "\"promptTokens\":0", "promptTokens is '0'; it must be a whole number from 1 to 10000000")]
    [InlineData("\"promptTokens\":100", "\"promptTokens\":10000001", "promptTokens is '10000001'; it must be a whole number from 1 to 10000000")]
    [InlineData("\"answerTokens\":7", "\"answerTokens\":-2", "answerTokens is '-2'; it must be a whole number from 0 to 10000000")]
    [InlineData("\"time\":\"2026-11-27T10:00:00Z\",", "", "it is no JSON object with a time and the numbers promptTokens and answerTokens")]
    public void What_cannot_be_replayed_is_named(string good, string bad, string message) =>
        Assert.Contains($"line 1: {message}", Assert.Throws<TraceException>(() => Read(First.Replace(good, bad, StringComparison.Ordinal))).Message, StringComparison.Ordinal);

    private IReadOnlyList<WorkloadRequest> Read(string text)
    {
        File.WriteAllText(_file, text);
        return TraceFile.Read(_file, 1, int.MaxValue);
    }
}
