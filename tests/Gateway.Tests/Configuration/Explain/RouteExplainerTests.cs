using BlazeGateway.Configuration.Explain;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Tests.Configuration.Explain;

public sealed class RouteExplainerTests
{
    private static readonly RouteConfig[] Routes =
    [
        Route("all", "/{**rest}"),
        Route("v1", "/v1/{**rest}"),
        Route("chat", "/v1/chat/completions"),
        Route("chat-get", "/v1/chat/completions", methods: ["GET"]),
        Route("first", "/first/{**rest}", order: -1),
        Route("exact-but-late", "/first/x", order: 5),
        Route("number", "/n/{id:int}"),
        Route("text", "/n/{id}"),
        Route("host", "/v1/models", hosts: ["models.test"]),
        Route("header", "/h", headers: [new RouteHeader { Name = "X-Team", Values = ["red"], Mode = HeaderMatchMode.ExactHeader }]),
        Route("query", "/q", query: [new RouteQueryParameter { Name = "v", Values = ["2"], Mode = QueryParameterMatchMode.Exact }]),
    ];

    [Theory]
    [InlineData("POST", "/v1/chat/completions", "chat")]
    [InlineData("GET", "/v1/chat/completions", "chat-get")]
    [InlineData("POST", "/v1/embeddings", "v1")]
    [InlineData("POST", "/elsewhere", "all")]
    [InlineData("GET", "/first/x", "first")]
    [InlineData("GET", "/n/5", "number")]
    [InlineData("GET", "/n/five", "text")]
    [InlineData("GET", "/v1/models", "v1")]
    [InlineData("GET", "/v1/models", "host", "models.test")]
    [InlineData("GET", "/h", "header", "localhost", "red")]
    [InlineData("GET", "/h", "all", "localhost", "blue")]
    [InlineData("GET", "/q?v=2", "query")]
    [InlineData("GET", "/q?v=3", "all")]
    public async Task The_route_is_the_one_routing_would_take(string method, string path, string route, string host = "localhost", string? team = null)
    {
        KeyValuePair<string, string>[] headers = team is null ? [] : [KeyValuePair.Create("X-Team", team)];
        var verdicts = await new RouteExplainer(Routes).ExplainAsync(new ExplainedRequest(method, path, host, headers));
        Assert.Equal(route, Assert.Single(verdicts, static verdict => verdict.Wins).RouteId);
        Assert.Equal(Routes.Length, verdicts.Count);
    }

    [Theory]
    [InlineData("GET", "/first/x", "exact-but-late", "matches too, but its Order 5 comes after -1")]
    [InlineData("POST", "/v1/chat/completions", "v1", "matches too, but its path /v1/{**rest} is less specific than /v1/chat/completions")]
    [InlineData("POST", "/v1/chat/completions", "chat-get", "answers GET only")]
    [InlineData("GET", "/v1/chat/completions", "chat", "matches too, but asks for less (methods, host, headers or query)")]
    [InlineData("GET", "/v1/models", "host", "answers for models.test only")]
    [InlineData("GET", "/v1/models", "chat", "its path /v1/chat/completions does not match")]
    [InlineData("GET", "/h", "header", "asks for the header X-Team (ExactHeader red)")]
    [InlineData("GET", "/q", "query", "asks for the query parameter v (Exact 2)")]
    public async Task The_others_are_told_why_not(string method, string path, string route, string reason)
    {
        var verdicts = await new RouteExplainer(Routes).ExplainAsync(new ExplainedRequest(method, path, "localhost", []));
        Assert.Equal(reason, verdicts.Single(verdict => verdict.RouteId == route).Reason);
    }

    [Fact]
    public async Task Two_equal_routes_have_no_winner()
    {
        var verdicts = await new RouteExplainer([Route("a", "/x"), Route("b", "/x")]).ExplainAsync(new ExplainedRequest("GET", "/x", "localhost", []));
        Assert.All(verdicts, static verdict => Assert.Equal("matches as well as another route; give one of them a lower Order", verdict.Reason));
    }

    private static RouteConfig Route(
        string id, string path, string[]? methods = null, string[]? hosts = null, int? order = null, RouteHeader[]? headers = null, RouteQueryParameter[]? query = null) => new()
    {
        RouteId = id,
        ClusterId = "c",
        Order = order,
        Match = new RouteMatch { Path = path, Methods = methods, Hosts = hosts, Headers = headers, QueryParameters = query },
    };
}
