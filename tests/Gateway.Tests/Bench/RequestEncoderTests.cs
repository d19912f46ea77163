using BlazeGateway.Bench;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Tests.Bench;

public sealed class RequestEncoderTests
{
    [Theory]
    [InlineData("http://h:1", "OpenAi", "/v1/chat/completions")]
    [InlineData("http://h:1/v1", "OpenAi", "/v1/chat/completions")]
    [InlineData("http://h:1/v1/", "OpenAi", "/v1/chat/completions")]
    [InlineData("http://h:1/v1/chat/completions", "OpenAi", "/v1/chat/completions")]
    [InlineData("http://h:1/team/v1", "OpenAi", "/team/v1/chat/completions")]
    [InlineData("http://h:1/team", "OpenAi", "/team/v1/chat/completions")]
    [InlineData("http://h:1/v1/messages", "Anthropic", "/v1/messages")]
    [InlineData("http://h:1/api", "Ollama", "/api/chat")]
    public void An_address_is_taken_as_clients_have_it(string url, string dialect, string path) =>
        Assert.Equal(path, RequestEncoder.PathOf(new RequestOptions { Url = new Uri(url), Model = "m", Dialect = Enum.Parse<Dialect>(dialect) }));

    [Fact]
    public void A_path_given_is_used_as_it_is() =>
        Assert.Equal("/v1/x?y=1", RequestEncoder.PathOf(new RequestOptions { Url = new Uri("http://h:1"), Model = "m", Path = "/v1/x?y=1" }));
}
