using BlazeGateway.Bench;

namespace BlazeGateway.Tests.Bench;

public class LoadLimitsTests
{
    private static readonly Uri Url = new("http://127.0.0.1:1");

    public static TheoryData<string, double, bool> Ranges => new()
    {
        { "--rate", 0.0009, false }, { "--rate", 0.001, true }, { "--rate", 100_000, true }, { "--rate", 100_001, false }, { "--rate", double.NaN, false },
        { "--concurrency", 0, false }, { "--concurrency", 1, true }, { "--concurrency", 10_000, true }, { "--concurrency", 10_001, false },
        { "--duration", 0, false }, { "--duration", 0.001, true }, { "--duration", 3_600, true }, { "--duration", 3_601, false },
        { "--requests", 0, false }, { "--requests", 1, true }, { "--requests", 10_000_000, true }, { "--requests", 10_000_001, false },
        { "--connections", 0, false }, { "--connections", 1, true }, { "--connections", 10_000, true }, { "--connections", 10_001, false },
        { "--retries", -1, false }, { "--retries", 0, true }, { "--retries", 10, true }, { "--retries", 11, false },
        { "--timeout", 0, false }, { "--timeout", 0.001, true }, { "--timeout", 3_600, true }, { "--timeout", 3_601, false },
        { "--prompt-bytes", 0, false }, { "--prompt-bytes", 1, true }, { "--prompt-bytes", 10_485_760, true }, { "--prompt-bytes", 10_485_761, false },
        { "--prompts", 0, false }, { "--prompts", 1, true }, { "--prompts", 4_096, true }, { "--prompts", 4_097, false },
        { "--max-tokens", 0, false }, { "--max-tokens", 1, true }, { "--max-tokens", 1_000_000, true }, { "--max-tokens", 1_000_001, false },
    };

    [Theory]
    [MemberData(nameof(Ranges))]
    public void Each_value_has_its_range(string option, double value, bool isAllowed)
    {
        var errors = LoadLimits.Check(With(option, value));

        if (isAllowed)
        {
            Assert.Empty(errors);
        }
        else
        {
            Assert.StartsWith($"{option} is ", Assert.Single(errors), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Either_loop_and_an_end_are_needed()
    {
        var bare = Loads.Of(Url);

        Assert.Equal(2, LoadLimits.Check(bare).Count);
        Assert.Contains("--rate", Assert.Single(LoadLimits.Check(bare with { Rate = 1, Concurrency = 1, Requests = 1 })), StringComparison.Ordinal);
        Assert.Contains("--duration", Assert.Single(LoadLimits.Check(bare with { Rate = 1 })), StringComparison.Ordinal);
    }

    [Fact]
    public void All_errors_are_reported_at_once() =>
        Assert.Equal(3, LoadLimits.Check(Loads.Closed(Url, 0, 0) with { Retries = 99 }).Count);

    [Theory]
    [InlineData("https://127.0.0.1:1", "--url")]
    [InlineData("ftp://127.0.0.1:1", "--url")]
    public void Only_clear_http_is_spoken(string url, string named) =>
        Assert.StartsWith(named, Assert.Single(LoadLimits.Check(Loads.Closed(new Uri(url), 1, 1))), StringComparison.Ordinal);

    [Fact]
    public void Text_that_would_break_a_request_is_refused()
    {
        string Only(RequestOptions request) => Assert.Single(LoadLimits.Check(Loads.Closed(Url, 1, 1) with { Request = request }));
        var plain = new RequestOptions { Url = Url };

        Assert.StartsWith("--path", Only(plain with { Path = "no-slash" }), StringComparison.Ordinal);
        Assert.StartsWith("--path", Only(plain with { Path = "/a b" }), StringComparison.Ordinal);
        Assert.StartsWith("--path", Only(plain with { Path = "/a\r\nX: y" }), StringComparison.Ordinal);
        Assert.StartsWith("--method", Only(plain with { Method = "GET /" }), StringComparison.Ordinal);
        Assert.StartsWith("--header", Only(plain with { Headers = [new("A", "b\nC: d")] }), StringComparison.Ordinal);
        Assert.StartsWith("--header", Only(plain with { Headers = [new("A B", "c")] }), StringComparison.Ordinal);
        Assert.StartsWith("--stream", Only(plain with { Stream = true }), StringComparison.Ordinal);
        Assert.StartsWith("--model", Only(plain with { Model = "m", Body = "b" }), StringComparison.Ordinal);
    }

    [Fact]
    public void Prompts_kept_ready_have_a_common_limit()
    {
        var request = new RequestOptions { Url = Url, Model = "m", PromptBytes = 1024 * 1024, Prompts = 512 };
        var options = Loads.Closed(Url, 1, 1);

        Assert.Empty(LoadLimits.Check(options with { Request = request }));
        Assert.StartsWith("--prompts", Assert.Single(LoadLimits.Check(options with { Request = request with { Prompts = 513 } })), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_engine_refuses_what_breaks_a_limit() =>
        Assert.Contains(
            "--concurrency is 0",
            (await Assert.ThrowsAsync<LoadRefusedException>(() => Loads.RunAsync(Loads.Closed(Url, 0, 1)))).Message,
            StringComparison.Ordinal);

    private static LoadOptions With(string option, double value)
    {
        var options = Loads.Closed(Url, 1, 1);
        var inference = options.Request with { Model = "m", Prompts = 1 };
        return option switch
        {
            "--rate" => options with { Concurrency = null, Rate = value },
            "--concurrency" => options with { Concurrency = (int)value },
            "--duration" => options with { Duration = TimeSpan.FromSeconds(value) },
            "--requests" => options with { Requests = (long)value },
            "--connections" => options with { Connections = (int)value },
            "--retries" => options with { Retries = (int)value },
            "--timeout" => options with { Timeout = TimeSpan.FromSeconds(value) },
            "--prompt-bytes" => options with { Request = inference with { PromptBytes = (int)value } },
            "--prompts" => options with { Request = inference with { Prompts = (int)value } },
            _ => options with { Request = inference with { MaxTokens = (int)value } },
        };
    }
}
