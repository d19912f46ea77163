using System.Net;
using System.Security.Cryptography;
using System.Text;
using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Who a request is from, over real connections.</summary>
public sealed class IdentifyStepTests
{
    private const string Chat = """{"model":"m","messages":[]}""";
    private static readonly RouteExtensions Inference = new() { Inference = true };

    private static void Keys(GatewayPoliciesOptions options) => options.Clients = new ClientsOptions
    {
        Keys = { ["red"] = new() { KeyHash = Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes("blaze-red"))), Band = PriorityBands.Batch } },
    };

    private static async Task<HeldDestination> OpenAsync()
    {
        var destination = await HeldDestination.StartAsync();
        destination.Open();
        return destination;
    }

    [Theory]
    [InlineData("Authorization: Bearer blaze-red")]
    [InlineData("x-api-key: blaze-red")]
    [InlineData("api-key: blaze-red")]
    public async Task A_key_names_the_client_and_goes_no_further(string header)
    {
        await using var destination = await OpenAsync();
        await using var host = await PipelineHost.StartAsync(
            [PipelineHost.Route("ai", "/v1/{**rest}", Inference), PipelineHost.Route("passing", "/pass/{**rest}", Inference with { ForwardClientCredentials = true }), PipelineHost.Route("files", "/files/{**rest}")],
            [PipelineHost.Cluster(destination)],
            Keys);

        Assert.Equal((HttpStatusCode.OK, ""), await host.AskAsync("/v1/chat/completions", [header], Chat));
        Assert.Equal((HttpStatusCode.OK, ""), await host.AskAsync("/pass/v1/chat/completions", [header], Chat));
        Assert.Equal((HttpStatusCode.OK, ""), await host.AskAsync("/files/x", [header]));

        await PipelineHost.UntilAsync(() => host.Records.Count == 3);
        Assert.All(host.Records, record => Assert.Equal("red", record.Client));
        Assert.Equal(3, destination.Seen.Count);
        Assert.All(destination.Seen, headers => Assert.DoesNotContain(headers, pair => pair.Value.Contains("blaze-red", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_credential_of_the_destination_passes_where_credentials_pass()
    {
        await using var destination = await OpenAsync();
        await using var host = await PipelineHost.StartAsync(
            [PipelineHost.Route("passing", "/v1/{**rest}", Inference with { ForwardClientCredentials = true }), PipelineHost.Route("files", "/files/{**rest}")],
            [PipelineHost.Cluster(destination)],
            Keys);

        string[] headers = ["Authorization: Bearer theirs", "x-api-key: blaze-red"];
        Assert.Equal(HttpStatusCode.OK, (await host.AskAsync("/v1/chat/completions", headers, Chat)).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.AskAsync("/files/x", headers)).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.AskAsync("/files/x", headers[..1])).Status);

        await PipelineHost.UntilAsync(() => host.Records.Count == 3);
        Assert.Equal(["red", "red", null], host.Records.Select(record => record.Client), StringComparer.Ordinal);
        Assert.All(destination.Seen, seen => Assert.Equal("Bearer theirs", seen["Authorization"]));
        Assert.All(destination.Seen, seen => Assert.DoesNotContain("x-api-key", seen.Keys, StringComparer.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("/v1/chat/completions", "Authorization: Bearer other", 401, """{"error":{"message":"The API key is not valid.","type":"authentication_error","param":null,"code":"invalid_api_key"}}""")]
    [InlineData("/v1/messages", "x-api-key: other", 401, """{"type":"error","error":{"type":"authentication_error","message":"The API key is not valid."}}""")]
    [InlineData("/api/chat", "Authorization: Bearer other", 401, """{"error":"The API key is not valid."}""")]
    [InlineData("/v1/messages", "", 401, """{"type":"error","error":{"type":"authentication_error","message":"An API key is required; send it as Authorization: Bearer, x-api-key or api-key."}}""")]
    [InlineData("/v1/messages", "x-api-key: blaze-red|api-key: other", 400, """{"type":"error","error":{"type":"invalid_request_error","message":"The request carries more than one API key; send one."}}""")]
    public async Task A_refusal_speaks_the_clients_dialect(string path, string headers, int status, string body)
    {
        await using var destination = await OpenAsync();
        await using var host = await PipelineHost.StartAsync(destination, Inference with { RequireKey = true }, configure: Keys);

        using var response = await host.SendAsync(path, headers.Split('|', StringSplitOptions.RemoveEmptyEntries), Chat);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(body, await response.Content.ReadAsStringAsync());
        Assert.Equal(status == 401, response.Headers.WwwAuthenticate.Count == 1);
        Assert.Empty(destination.Seen);
        await PipelineHost.UntilAsync(() => !host.Records.IsEmpty);
        Assert.Equal(status == 401 ? Outcome.Unauthorized : Outcome.ClientError, Assert.Single(host.Records).Outcome);
    }

    [Theory]
    [InlineData(false, null, false)]
    [InlineData(false, true, true)]
    [InlineData(true, null, true)]
    [InlineData(true, false, false)]
    public async Task A_route_says_whether_a_key_is_required_else_the_process_does(bool process, bool? route, bool required)
    {
        await using var destination = await OpenAsync();
        await using var host = await PipelineHost.StartAsync(destination, new RouteExtensions { RequireKey = route }, configure: options =>
        {
            Keys(options);
            options.Clients = options.Clients with { RequireKey = process };
        });

        Assert.Equal(required ? (HttpStatusCode.Unauthorized, "missing_api_key") : (HttpStatusCode.OK, ""), await host.AskAsync("/x"));
        Assert.Equal((HttpStatusCode.OK, ""), await host.AskAsync("/x", ["api-key: blaze-red"]));
    }

    [Fact]
    public async Task Without_a_key_the_client_is_the_address_the_connection_or_the_known_proxy_tells()
    {
        await using var destination = await OpenAsync();
        await using var open = await PipelineHost.StartAsync(destination);
        await using var behind = await PipelineHost.StartAsync(destination, configure: options => options.Clients = new ClientsOptions { KnownProxies = ["127.0.0.0/8"] });

        foreach (var host in new[] { open, behind })
        {
            foreach (var forwarded in new[] { "198.51.100.7", "198.51.100.8", "192.0.2.1, 198.51.100.7" })
            {
                await host.AskAsync("/x", ["X-Forwarded-For: " + forwarded]);
            }

            await PipelineHost.UntilAsync(() => host.Records.Count == 3);
            var ids = host.Records.Select(record => record.ClientHash).ToArray();
            Assert.Equal(host == open ? 1 : 2, ids.Distinct().Count());
            Assert.Equal(ids[0], ids[2]);
            Assert.DoesNotContain(0UL, ids);
        }
    }

    [Fact]
    public async Task Requests_that_are_refused_or_match_no_route_have_a_client_too()
    {
        await using var destination = await OpenAsync();
        await using var host = await PipelineHost.StartAsync([PipelineHost.Route("v1", "/v1/{**rest}")], [PipelineHost.Cluster(destination)]);

        await host.AskAsync("/elsewhere");
        await host.AskAsync("/v1/a//b");
        await host.AskAsync("/v1/a");

        await PipelineHost.UntilAsync(() => host.Records.Count == 3);
        Assert.Equal(["route_not_found", "invalid_path", null], host.Records.Select(record => record.ErrorCode), StringComparer.Ordinal);
        Assert.Single(host.Records.Select(record => record.ClientHash).Distinct());
        Assert.NotEqual(0UL, host.Records.First().ClientHash);
    }
}
