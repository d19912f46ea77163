using System.Text;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Tests.Inference;

public sealed class JsonUsageScannerTests
{
    [Theory]
    [InlineData("""{"choices":[{"message":{"content":"\"usage\":1"}}],"usage":{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":2}}}""", 3, 4, 2, 0)]
    [InlineData("""{"usage":{"input_tokens":3,"output_tokens":4},"type":"message"}""", 3, 4, -1, 0)]
    [InlineData("""{"usage":{"input_tokens":3,"cache_read_input_tokens":10,"output_tokens":4}}""", 13, 4, 10, 0)]
    [InlineData("""{"message":{"content":"x"},"done":true,"prompt_eval_count":9,"eval_count":8}""", 9, 8, -1, 0)]
    [InlineData("""{"data":[{"embedding":[0.1,-2e-3]}],"usage":{"prompt_tokens":5,"total_tokens":5}}""", 5, -1, -1, 0)]
    [InlineData("""{"error":{"message":"x","code":429}}""", -1, -1, -1, 429)]
    [InlineData("""{"error":null,"output":[]}""", -1, -1, -1, 0)]
    [InlineData("""{"usage":null}""", -1, -1, -1, 0)]
    [InlineData("""{"usage":{"prompt_tokens":-1,"completion_tokens":99999999999,"prompt_tokens":1.5}}""", -1, -1, -1, 0)]
    [InlineData("""{"nested":{"usage":{"prompt_tokens":1},"error":{"code":500}}}""", -1, -1, -1, 0)]
    public void Finds_counts_and_errors_however_the_answer_is_cut(string json, int prompt, int completion, int cached, int status)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var scanner = new JsonUsageScanner(Dialect.OpenAi);
            scanner.Feed(bytes.AsSpan(0, cut));
            scanner.Feed(bytes.AsSpan(cut));
            Assert.True(scanner.Complete());
            Assert.Equal(new TokenUsage(prompt, completion, cached), scanner.Usage);
            Assert.Equal(status, scanner.ErrorStatus);
            Assert.Equal(status != 0, scanner.HasError);
        }
    }

    [Fact]
    public void A_cut_answer_is_not_complete()
    {
        var scanner = new JsonUsageScanner(Dialect.OpenAi);
        scanner.Feed("{\"usage\":{\"prompt_tokens\":3}"u8);
        Assert.False(scanner.Complete());
        Assert.Equal(3, scanner.Usage.Prompt);
    }
}
