using System.CommandLine;
using System.Text.Json;
using BlazeGateway.CommandLine;
using BlazeGateway.Tests.Demo.Simulation;

namespace BlazeGateway.Tests.CommandLine;

public sealed class ReplayCommandTests
{
    private static readonly string Azure = TraceFileTests.Piece("azure-conversation.csv");

    [Fact]
    public async Task A_table_has_a_line_for_each_strategy()
    {
        var (code, output, _) = await RunAsync("--strategies", "LeastConnections,RoundRobin,LeastConnections+weights", "--speeds", "1,1,0.35");
        Assert.Equal(0, code);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("azure-conversation.csv: 200 requests in 61.3 s, 903 prompt and 235 answer tokens on average, 3 servers (simulated)", lines[0]);
        Assert.Equal("strategy LeastConnections RoundRobin LeastConnections+weights", string.Join(' ', lines[1..].Select(line => line.Split(' ')[0])));
    }

    [Fact]
    public async Task Json_has_the_same()
    {
        var (code, output, _) = await RunAsync("--trace", TraceFileTests.Piece("mooncake-conversation.jsonl.gz"), "--strategies", "ConsistentHash", "--limit", "50", "--format", "json");
        Assert.Equal(0, code);
        var root = JsonDocument.Parse(output).RootElement;
        Assert.True(root.GetProperty("isSimulated").GetBoolean());
        Assert.Equal(50, root.GetProperty("requests").GetInt32());
        var row = Assert.Single(root.GetProperty("strategies").EnumerateArray());
        Assert.Equal("ConsistentHash", row.GetProperty("name").GetString());
        Assert.True(row.GetProperty("firstContent").GetProperty("p99").GetDouble() > 0);
        Assert.Equal(8, row.GetProperty("shares").GetArrayLength());
    }

    [Theory]
    [InlineData("--strategies names 'Best'; it must be all, or names separated by commas, of Adaptive, ConsistentHash, ", "--strategies", "Best")]
    [InlineData("--strategies is ','; it must be all, or names separated by commas, of Adaptive, ConsistentHash, ", "--strategies", ",")]
    [InlineData("--destinations is 0; it must be from 1 to 1000.", "--destinations", "0")]
    [InlineData("--destinations is 1001; it must be from 1 to 1000.", "--destinations", "1001")]
    [InlineData("--speeds has 'x'; each must be a number from 0.001 to 1000, as in 1,1,0.35.", "--speeds", "1,x")]
    [InlineData("--speeds has 2 numbers and --destinations is 3; there must be one for each. ", "--speeds", "1,1", "--destinations", "3")]
    [InlineData("--time-scale is 0; it must be from 0.0001 to 100000.", "--time-scale", "0")]
    [InlineData("--limit is 0; it must be from 1 to ", "--limit", "0")]
    [InlineData("--gateways is 65; it must be from 1 to 64.", "--gateways", "65")]
    [InlineData("--kv-blocks is 0; it must be from 1 to 20000000.", "--kv-blocks", "0")]
    [InlineData("Request 1 has 374 prompt tokens and 44 of its answer; a server holds 16 at most. ", "--kv-blocks", "1")]
    [InlineData("1000 servers with 20001 cache blocks each have 20001000; all together may have 20000000. ", "--destinations", "1000", "--kv-blocks", "20001")]
    [InlineData("The trace '/no/such' cannot be read: ", "--trace", "/no/such")]
    public async Task What_is_wrong_is_named(string message, params string[] words)
    {
        var (code, output, remarks) = await RunAsync(words);
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.StartsWith(message, remarks, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Out, string Remarks)> RunAsync(params string[] words)
    {
        using var output = new StringWriter();
        using var remarks = new StringWriter();
        string[] trace = words.Contains("--trace", StringComparer.Ordinal) ? [] : ["--trace", Azure];
        var code = await BlazeCommands.Create().Parse(["replay", .. trace, .. words]).InvokeAsync(new InvocationConfiguration { Output = output, Error = remarks });
        return (code, output.ToString(), remarks.ToString());
    }
}
