using BlazeGateway.Demo.Simulation.Traces;
using BlazeGateway.Tests.Architecture;

namespace BlazeGateway.Tests.Demo.Simulation;

public sealed class TraceFileTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public static string Piece(string name) => Path.Combine(Repository.Root, "tests/Gateway.Tests/Demo/Simulation/Traces", name);

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Azures_csv_is_read()
    {
        var requests = TraceFile.Read(Piece("azure-conversation.csv"), 1, int.MaxValue);
        Assert.Equal(200, requests.Count);
        Assert.Equal((0, 374, 44, -1), (requests[0].At, requests[0].PromptTokens, requests[0].AnswerTokens, requests[0].Session));
        Assert.Equal(4.314579, requests[1].At, 1e-6);
        Assert.Equal(200, requests.SelectMany(request => request.Parts).Select(part => part.Seed).Distinct().Count());
    }

    [Fact]
    public void Mooncakes_lines_are_read_with_what_prompts_share()
    {
        var requests = TraceFile.Read(Piece("mooncake-conversation.jsonl.gz"), 10, int.MaxValue);
        Assert.Equal(200, requests.Count);
        Assert.Equal((0, 6758, 500), (requests[0].At, requests[0].PromptTokens, requests[0].AnswerTokens));
        Assert.Equal((14, 512, 102), (requests[0].Parts.Count, requests[0].Parts[0].Tokens, requests[0].Parts[^1].Tokens));
        Assert.Equal(requests[0].Parts[0], requests[1].Parts[0]);
        Assert.NotEqual(requests[0].Parts[1], requests[1].Parts[1]);
        Assert.Equal(10 * requests[^1].At, TraceFile.Read(Piece("mooncake-conversation.jsonl.gz"), 1, int.MaxValue)[^1].At, 1e-9);
    }

    [Fact]
    public void A_prompt_that_goes_on_with_an_earlier_one_is_of_its_conversation()
    {
        var requests = Read("""
            {"timestamp": 0, "input_length": 1100, "output_length": 5, "hash_ids": [0, 1, 2]}
            {"timestamp": 1, "input_length": 1100, "output_length": 5, "hash_ids": [0, 3, 4]}
            {"timestamp": 2, "input_length": 1700, "output_length": 5, "hash_ids": [0, 1, 5, 6]}
            {"timestamp": 3, "input_length": 600, "output_length": 5, "hash_ids": [0, 7]}
            {"timestamp": 4, "input_length": 2100, "output_length": 5, "hash_ids": [0, 1, 5, 8, 9]}
            """);
        Assert.Equal([0, 1, 0, 2, 0], requests.Select(request => request.Session));
    }

    [Fact]
    public void As_many_are_read_as_are_asked_for()
    {
        Assert.Single(TraceFile.Read(Piece("azure-conversation.csv"), 1, 1));
        Assert.Equal(200, TraceFile.Read(Piece("azure-conversation.csv"), 1, 200).Count);
        Assert.Equal(200, TraceFile.Read(Piece("azure-conversation.csv"), 1, 201).Count);
    }

    [Fact]
    public void Requests_come_in_the_order_of_their_times_and_none_has_an_empty_answer()
    {
        var requests = Read($"{AzureTrace.Heading}\n2024-05-10 00:00:02+00:00,7,0\n\n2024-05-10 00:00:01+00:00,10000000,10000000\n");
        Assert.Equal([(0, 10_000_000, 10_000_000), (1, 7, 1)], requests.Select(request => (request.At, request.PromptTokens, request.AnswerTokens)));
    }

    [Theory]
    [InlineData("", "The trace 'FILE' has no requests; it must have one at least. Give another file with --trace.")]
    [InlineData(AzureTrace.Heading, "The trace 'FILE' has no requests; it must have one at least. Give another file with --trace.")]
    [InlineData("a,b", "FILE line 1 is 'a,b'; a trace must begin with a line 'TIMESTAMP,ContextTokens,GeneratedTokens' (Azure), or a JSON object with hash_ids (Mooncake), or a JSON object with requestId and strategy (decisions of a gateway). Give a file of one of these formats, gzipped or not.")]
    [InlineData(AzureTrace.Heading + "\n2023-11-16 18:17:03,1", "FILE line 2: it has 2 fields; it must have three, TIMESTAMP,ContextTokens,GeneratedTokens. Correct the line or take it out.")]
    [InlineData(AzureTrace.Heading + "\nyesterday,1,1", "FILE line 2: TIMESTAMP is 'yesterday'; it must be a time such as 2023-11-16 18:17:03.9799600. Correct the line or take it out.")]
    [InlineData(AzureTrace.Heading + "\n2023-11-16 18:17:03,0,1", "FILE line 2: ContextTokens is '0'; it must be a whole number from 1 to 10000000. Correct the line or take it out.")]
    [InlineData(AzureTrace.Heading + "\n2023-11-16 18:17:03,10000001,1", "FILE line 2: ContextTokens is '10000001'; it must be a whole number from 1 to 10000000. Correct the line or take it out.")]
    [InlineData(AzureTrace.Heading + "\n2023-11-16 18:17:03,1,-1", "FILE line 2: GeneratedTokens is '-1'; it must be a whole number from 0 to 10000000. Correct the line or take it out.")]
    [InlineData("""{"timestamp": 0, "input_length": 513, "output_length": 1, "hash_ids": [1]}""", "FILE line 1: hash_ids has 1 entries; input_length 513 must have 2, one for each begun 512 tokens. Correct the line or take it out.")]
    [InlineData("""{"timestamp": -1, "input_length": 512, "output_length": 1, "hash_ids": [1]}""", "FILE line 1: timestamp is '-1'; it must be milliseconds from 0 to 1e14. Correct the line or take it out.")]
    [InlineData("""{"timestamp": 0, "input_length": 0, "output_length": 1, "hash_ids": []}""", "FILE line 1: input_length is '0'; it must be a whole number from 1 to 10000000. Correct the line or take it out.")]
    public void What_cannot_be_replayed_is_named(string text, string message)
    {
        var error = Assert.Throws<TraceException>(() => Read(text));
        Assert.Equal(message, error.Message.Replace(_file, "FILE", StringComparison.Ordinal));
    }

    [Fact]
    public void A_line_that_is_no_json_and_one_that_lacks_a_member_are_named()
    {
        const string Good = """{"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": [1]}""";
        Assert.StartsWith($"{_file} line 2: it is no JSON object with the numbers timestamp, ", Assert.Throws<TraceException>(() => Read(Good + "\n{")).Message, StringComparison.Ordinal);
        Assert.Contains("line 3: it is no JSON object", Assert.Throws<TraceException>(() => Read(Good + "\n" + Good + "\n{\"hash_ids\": [1]}")).Message, StringComparison.Ordinal);
        Assert.Contains("line 2: it is null, or its hash_ids are", Assert.Throws<TraceException>(() => Read(Good + "\nnull")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var missing = Path.Combine(Path.GetTempPath(), "no", "such.csv");
        Assert.StartsWith($"The trace '{missing}' cannot be read: ", Assert.Throws<TraceException>(() => TraceFile.Read(missing, 1, 1)).Message, StringComparison.Ordinal);
    }

    private IReadOnlyList<BlazeGateway.Demo.Simulation.Workloads.WorkloadRequest> Read(string text)
    {
        File.WriteAllText(_file, text);
        return TraceFile.Read(_file, 1, int.MaxValue);
    }
}
