using BlazeGateway.Policies.Destinations;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Tests.Destinations;

public sealed class DestinationRequestTests
{
    [Theory]
    [InlineData(ModelServerKinds.OpenAi)]
    [InlineData(ModelServerKinds.Anthropic)]
    [InlineData(ModelServerKinds.Vllm)]
    public void Other_kinds_pass_unchanged(string kind)
    {
        var path = new PathString("/v1/chat/completions");
        var query = new QueryString("?a=1&api-version=x");
        Assert.True(Of(kind, null).TryShape(path, query, "m", out var shapedPath, out var shapedQuery));
        Assert.Equal((path, query), (shapedPath, shapedQuery));
    }

    [Theory]
    [InlineData("/v1/chat/completions", "", "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21")]
    [InlineData("/v1/embeddings", "?a=1&b=%20", "/openai/deployments/gpt-4o/embeddings?a=1&b=%20&api-version=2024-10-21")]
    [InlineData("/v1/completions", "?api-version=old&a=1", "/openai/deployments/gpt-4o/completions?a=1&api-version=2024-10-21")]
    [InlineData("/v1/completions", "?api%2Dversion=old", "/openai/deployments/gpt-4o/completions?api-version=2024-10-21")]
    [InlineData("/v1/images/generations", "", "/openai/deployments/gpt-4o/images/generations?api-version=2024-10-21")]
    [InlineData("/v1/audio/transcriptions", "", "/openai/deployments/gpt-4o/audio/transcriptions?api-version=2024-10-21")]
    [InlineData("/chat/completions", "", "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21")]
    [InlineData("/v1/responses", "", "/openai/responses?api-version=2024-10-21")]
    [InlineData("/v1/files/f-1", "?limit=2", "/openai/files/f-1?limit=2&api-version=2024-10-21")]
    [InlineData("/openai/deployments/mine/chat/completions", "?api-version=old", "/openai/deployments/mine/chat/completions?api-version=2024-10-21")]
    public void Azure_with_a_version_puts_deployment_and_version_where_they_belong(string path, string query, string expected) =>
        Assert.Equal(expected, Shape(Of(ModelServerKinds.AzureOpenAi, "2024-10-21"), path, query, "gpt-4o"));

    [Theory]
    [InlineData("/v1/chat/completions", "", "/openai/v1/chat/completions")]
    [InlineData("/v1/responses", "?api-version=preview", "/openai/v1/responses?api-version=preview")]
    [InlineData("/openai/v1/models", "", "/openai/v1/models")]
    public void Azure_without_a_version_uses_the_v1_paths(string path, string query, string expected) =>
        Assert.Equal(expected, Shape(Of(ModelServerKinds.AzureOpenAi, null), path, query, "gpt-4o"));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("a%2fb")]
    [InlineData("a?b")]
    public void A_model_that_is_no_deployment_cannot_leave_its_place_in_the_path(string? model)
    {
        Assert.False(Of(ModelServerKinds.AzureOpenAi, "1").TryShape("/v1/chat/completions", default, model, out _, out _));
        Assert.True(Of(ModelServerKinds.AzureOpenAi, "1").TryShape("/v1/files", default, model, out _, out _));
    }

    [Theory]
    [InlineData(63, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void The_length_of_a_deployment_is_limited(int length, bool shaped) =>
        Assert.Equal(shaped, Of(ModelServerKinds.AzureOpenAi, "1").TryShape("/v1/embeddings", default, new string('d', length), out _, out _));

    [Fact]
    public void A_destination_gets_its_own_credential_else_the_common_one()
    {
        var extensions = new ClusterExtensions
        {
            Credentials =
            {
                ["azure-eu"] = new CredentialOptions { Header = "api-key", Value = "k1" },
                ["*"] = new CredentialOptions { Value = "Bearer k2" },
            },
        };
        var request = new DestinationRequest(extensions);
        using var message = new HttpRequestMessage();
        message.Headers.TryAddWithoutValidation("api-key", "client's");
        request.Credentials.Apply("Azure-EU", message.Headers);
        Assert.Equal("k1", Assert.Single(message.Headers.GetValues("api-key")));
        Assert.False(message.Headers.Contains("Authorization"), "the common credential is for the others");
        request.Credentials.Apply("another", message.Headers);
        Assert.Equal("Bearer k2", Assert.Single(message.Headers.GetValues("Authorization")));
        Assert.Null(new DestinationRequest(new ClusterExtensions()).Credentials.Find("any"));
    }

    private static DestinationRequest Of(string kind, string? version) =>
        new(new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = kind, ApiVersion = version } });

    private static string Shape(DestinationRequest request, string path, string query, string model)
    {
        Assert.True(request.TryShape(path, new QueryString(query), model, out var shapedPath, out var shapedQuery));
        return shapedPath.ToUriComponent() + shapedQuery.ToUriComponent();
    }
}
