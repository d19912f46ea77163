using System.Text;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.Tests.Destinations;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Whether another destination could take a request, in a cluster whose destinations serve different models.</summary>
public sealed class AnotherCandidateTests
{
    [Theory]
    [InlineData("both", "", true)]
    [InlineData("both", "d0", true)]
    [InlineData("both", "d0 d1", true)]
    [InlineData("both", "d0 d1 d2", false)]
    [InlineData("one", "", true)]
    [InlineData("one", "d0", false)]
    [InlineData("other", "", true)]
    [InlineData("other", "d1", true)]
    [InlineData("other", "d1 d2", false)]
    public async Task It_has_to_serve_the_model_and_no_list_is_made_to_find_it(string model, string tried, bool expected)
    {
        await using var a = await Responder.StartAsync(Responder.OpenAiModels("both", "one"));
        await using var b = await Responder.StartAsync(Responder.OpenAiModels("both", "other"));
        await using var host = await WireHost.StartAsync(
            [WireHost.Route("all", new RouteExtensions { Inference = true })],
            [ExtensionsCarrier.Attach(WireHost.Cluster("llm", a.Address, b.Address, b.Address), CatalogHost.Kind("vllm"))]);
        await host.Get<ModelCatalog>().WhenAskedOnce();
        var cluster = host.Cluster("llm");
        Assert.False(host.Get<ModelCatalog>().Current.Cluster("llm")!.IsUniform);
        var context = await ContextAsync(host, model);
        context.ClusterState = cluster;
        context.Cluster = host.Get<PlanCache>().For(cluster);
        context.History.Tried.AddRange(cluster.DestinationsState.AllDestinations.Where(one => tried.Contains(one.DestinationId, StringComparison.Ordinal)));
        Assert.Equal(expected, host.Get<Failover>().MayContinue(context));
        Assert.Empty(context.Serving);
        context.End();
    }

    /// <summary>One that refuses the gateway's credential is a candidate only where no other serves the model, tried or not.</summary>
    [Theory]
    [InlineData("both", "", true)]
    [InlineData("both", "d0", false)]
    [InlineData("other", "", true)]
    [InlineData("other", "d1", false)]
    public async Task One_that_refuses_the_credential_is_the_last_resort(string model, string tried, bool expected)
    {
        await using var a = await Responder.StartAsync(Responder.OpenAiModels("both"));
        await using var b = await Responder.StartAsync(static context =>
        {
            context.Response.StatusCode = 401;
            return Task.CompletedTask;
        });
        await using var host = await WireHost.StartAsync(
            [WireHost.Route("all", new RouteExtensions { Inference = true })],
            [ExtensionsCarrier.Attach(WireHost.Cluster("llm", a.Address, b.Address), CatalogHost.Kind("vllm"))]);
        await host.Get<ModelCatalog>().WhenAskedOnce();
        var cluster = host.Cluster("llm");
        var context = await ContextAsync(host, model);
        context.ClusterState = cluster;
        context.Cluster = host.Get<PlanCache>().For(cluster);
        context.History.Tried.AddRange(cluster.DestinationsState.AllDestinations.Where(one => tried == one.DestinationId));
        Assert.Equal(expected, host.Get<Failover>().MayContinue(context));
        context.End();
    }

    private static async Task<RequestContext> ContextAsync(WireHost host, string model)
    {
        Assert.True(host.Get<IProxyStateLookup>().TryGetRoute("all", out var route));
        var body = Encoding.UTF8.GetBytes($$"""{"model":"{{model}}","messages":[]}""");
        var http = new DefaultHttpContext();
        http.Request.Method = "POST";
        http.Request.Path = Scene.Chat;
        http.Request.ContentLength = body.Length;
        http.Request.Body = new MemoryStream(body);
        var context = new RequestContext(host.Get<BodyBudget>(), host.Time, host.Get<Failover>());
        context.Begin(http, host.Get<PlanCache>().For(route));
        var peek = host.Get<PeekStep>();
        Assert.True(peek.Applies(context));
        Assert.NotNull(await peek.RunAsync(context, host.Cluster("llm")));
        return context;
    }
}
