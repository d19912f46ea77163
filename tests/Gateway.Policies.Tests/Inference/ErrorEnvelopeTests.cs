using System.Buffers;
using System.Text;
using System.Text.Json;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Tests.Inference;

public sealed class ErrorEnvelopeTests
{
    public static TheoryData<string> Codes => [.. GatewayError.All.Select(error => error.Code)];

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_error_reads_as_an_error_in_every_dialect(string code)
    {
        var error = GatewayError.All.Single(candidate => candidate.Code == code);
        Assert.InRange(error.Status, 400, 599);
        Assert.Equal(error.Status is 429 or 503, error.WantsRetryAfter);

        var openAi = Parse(Dialect.OpenAi, error).GetProperty("error");
        Assert.Equal(code, openAi.GetProperty("code").GetString());
        Assert.Equal(error.Type, openAi.GetProperty("type").GetString());
        Assert.Equal(error.Message, openAi.GetProperty("message").GetString());
        Assert.Equal(JsonValueKind.Null, openAi.GetProperty("param").ValueKind);

        var anthropic = Parse(Dialect.Anthropic, error);
        Assert.Equal("error", anthropic.GetProperty("type").GetString());
        Assert.Equal(error.AnthropicType, anthropic.GetProperty("error").GetProperty("type").GetString());
        Assert.Equal(error.Message, anthropic.GetProperty("error").GetProperty("message").GetString());

        Assert.Equal(error.Message, Parse(Dialect.Ollama, error).GetProperty("error").GetString());
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_error_frame_is_seen_as_an_error_and_ends_at_a_boundary(string code)
    {
        var error = GatewayError.All.Single(candidate => candidate.Code == code);
        foreach (var dialect in Enum.GetValues<Dialect>())
        {
            var output = new ArrayBufferWriter<byte>();
            ErrorEnvelope.WriteFrame(output, dialect, error);
            var scanner = new StreamScanner(dialect);
            Assert.Equal(StreamMarks.Error, scanner.Feed(output.WrittenSpan));
            Assert.True(scanner.AtFrameBoundary);
        }
    }

    [Fact]
    public void Frames_have_the_shape_clients_know()
    {
        Assert.Equal(
            "data: {\"error\":{\"message\":\"The upstream stream ended unexpectedly.\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_reset\"}}\n\n",
            Frame(Dialect.OpenAi));
        Assert.Equal(
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"The upstream stream ended unexpectedly.\"}}\n\n",
            Frame(Dialect.Anthropic));
        Assert.Equal("{\"error\":\"The upstream stream ended unexpectedly.\"}\n", Frame(Dialect.Ollama));
    }

    [Fact]
    public void A_message_of_ones_own_is_escaped()
    {
        const string Message = "a \"b\" \\ c\n\u0001 é 😀";
        foreach (var dialect in Enum.GetValues<Dialect>())
        {
            var output = new ArrayBufferWriter<byte>();
            ErrorEnvelope.Write(output, dialect, GatewayError.ModelNotFound, Message);
            using var document = JsonDocument.Parse(output.WrittenMemory);
            var error = document.RootElement.GetProperty("error");
            Assert.Equal(Message, (dialect == Dialect.Ollama ? error : error.GetProperty("message")).GetString());
        }
    }

    [Fact]
    public void Codes_are_unique_and_named_like_members() =>
        Assert.All(GatewayError.All, error =>
        {
            Assert.Single(GatewayError.All, other => other.Code == error.Code);
            Assert.Matches("^[a-z_]+$", error.Code);
        });

    private static string Frame(Dialect dialect)
    {
        var output = new ArrayBufferWriter<byte>();
        ErrorEnvelope.WriteFrame(output, dialect, GatewayError.UpstreamReset);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static JsonElement Parse(Dialect dialect, GatewayError error)
    {
        var output = new ArrayBufferWriter<byte>();
        ErrorEnvelope.Write(output, dialect, error);
        using var document = JsonDocument.Parse(output.WrittenMemory);
        return document.RootElement.Clone();
    }
}
