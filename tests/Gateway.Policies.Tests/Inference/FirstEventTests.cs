using System.Text;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Tests.Inference;

public sealed class FirstEventTests
{
    [Theory]
    [InlineData("data: {\"error\":{\"code\":400}}\n\n", nameof(FirstEventKind.ClientError), 400)]
    [InlineData("data: {\"error\":{\"code\":429}}\n\n", nameof(FirstEventKind.ClientError), 429)]
    [InlineData("data: {\"error\":{\"code\":500}}\n\n", nameof(FirstEventKind.ServerError), 502)]
    [InlineData("data: {\"error\":{\"code\":503}}\n\n", nameof(FirstEventKind.ServerError), 503)]
    [InlineData("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n", nameof(FirstEventKind.ServerError), 503)]
    [InlineData(": ping\n\ndata: {\"error\":\"x\"}\n\n", nameof(FirstEventKind.ServerError), 502)]
    [InlineData("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n", nameof(FirstEventKind.Answer), 200)]
    [InlineData("data: {\"choices\":[]}\n\ndata: {\"error\":{\"code\":400}}\n\n", nameof(FirstEventKind.Answer), 200)]
    [InlineData("data: not json\n\n", nameof(FirstEventKind.Answer), 200)]
    [InlineData("data: [DONE]\n\n", nameof(FirstEventKind.Answer), 200)]
    [InlineData(": ping\n\n", nameof(FirstEventKind.NeedMore), 200)]
    [InlineData("data: {\"error\":{\"code\":400}}\n", nameof(FirstEventKind.NeedMore), 200)]
    [InlineData("", nameof(FirstEventKind.NeedMore), 200)]
    public void Decides_by_the_first_event(string text, string kind, int status)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Assert.Equal(new FirstEvent(Enum.Parse<FirstEventKind>(kind), status), FirstEvent.Classify(Dialect.OpenAi, bytes));
        for (var length = 0; length < bytes.Length; length++)
        {
            var early = FirstEvent.Classify(Dialect.OpenAi, bytes.AsSpan(0, length));
            Assert.True(early.Kind == FirstEventKind.NeedMore || early == new FirstEvent(Enum.Parse<FirstEventKind>(kind), status), $"{early} after {length} bytes");
        }
    }

    [Fact]
    public void An_error_without_its_blank_line_counts_when_the_stream_ends()
    {
        var bytes = "data: {\"error\":{\"code\":503}}"u8;
        Assert.Equal(FirstEventKind.NeedMore, FirstEvent.Classify(Dialect.OpenAi, bytes).Kind);
        Assert.Equal(new FirstEvent(FirstEventKind.ServerError, 503), FirstEvent.Classify(Dialect.OpenAi, bytes, ended: true));
    }

    [Fact]
    public void An_empty_stream_that_ended_is_an_answer() =>
        Assert.Equal(FirstEventKind.Answer, FirstEvent.Classify(Dialect.OpenAi, [], ended: true).Kind);

    [Theory]
    [InlineData(FirstEvent.MaxBytes - 1, nameof(FirstEventKind.NeedMore))]
    [InlineData(FirstEvent.MaxBytes, nameof(FirstEventKind.Answer))]
    [InlineData(FirstEvent.MaxBytes + 1, nameof(FirstEventKind.Answer))]
    public void An_open_event_is_an_answer_at_the_limit(int length, string kind) =>
        Assert.Equal(Enum.Parse<FirstEventKind>(kind), FirstEvent.Classify(Dialect.OpenAi, Encoding.UTF8.GetBytes("data: \"".PadRight(length, 'x'))).Kind);

    [Fact]
    public void Lines_of_ollama_are_events()
    {
        Assert.Equal(new FirstEvent(FirstEventKind.ServerError, 502), FirstEvent.Classify(Dialect.Ollama, "{\"error\":\"x\"}\n"u8));
        Assert.Equal(new FirstEvent(FirstEventKind.Answer, 200), FirstEvent.Classify(Dialect.Ollama, "{\"done\":false}\n{\"error\":\"x\"}\n"u8));
    }
}
