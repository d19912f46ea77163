using BlazeGateway.Policies.LoadBalancing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.LoadBalancing;

/// <summary>What an application of its own can configure, in which order it may add things, and what it is told when something is wrong.</summary>
public sealed class PlainConfigurationTests
{
    private static readonly RequestDelegate Ok = static http => http.Response.WriteAsync("ok");

    [Fact]
    public async Task Weights_and_room_come_from_the_applications_own_section()
    {
        await using var app = await PlainApp.StartAsync(
            Strategies.WeightedRoundRobin, [Ok, Ok], [new("Extensions:Weights:d0", "3"), new("Extensions:Capacity:*", "9"), new("Extensions:Capacity:d1", "2")]);
        Assert.Equal((3, 1), (app.Load("d0").Weight, app.Load("d1").Weight));
        Assert.Equal((9, 2), (app.Load("d0").MaxInFlight, app.Load("d1").MaxInFlight));
    }

    [Fact]
    public async Task A_changed_section_takes_effect_and_a_wrong_one_keeps_the_last()
    {
        await using var app = await PlainApp.StartAsync(Strategies.WeightedRoundRobin, [Ok, Ok], [new("Extensions:Weights:d0", "3")]);
        var root = (IConfigurationRoot)app.Services.GetRequiredService<IConfiguration>();
        root["P:Clusters:c:Extensions:Weights:d0"] = "5";
        root.Reload();
        await Pipeline.Wire.Waiting.UntilAsync(() => app.Load("d0").Weight == 5, () => $"The weight is {app.Load("d0").Weight}.");
        root["P:Clusters:c:Extensions:Weights:d0"] = "500";
        root.Reload();
        root["P:Clusters:c:Extensions:Weights:d0"] = "7";
        root.Reload();
        await Pipeline.Wire.Waiting.UntilAsync(() => app.Load("d0").Weight == 7, () => $"The weight is {app.Load("d0").Weight}.");
    }

    [Theory]
    [InlineData("Weights:d0", "257", "P:Clusters:c:Extensions:Weights:d0 is 257; it must be a whole number from 0 to 256.")]
    [InlineData("Weights:d0", "-1", "P:Clusters:c:Extensions:Weights:d0 is -1; it must be a whole number from 0 to 256.")]
    [InlineData("Weights:d0", "many", "P:Clusters:c:Extensions:Weights:d0 is 'many'; it must be a whole number.")]
    [InlineData("Weights:gpu9", "1", "P:Clusters:c:Extensions:Weights:gpu9 names the destination 'gpu9', which cluster 'c' does not have; known: d0, d1.")]
    [InlineData("Capacity:d0", "0", "P:Clusters:c:Extensions:Capacity:d0 is 0; it must be a whole number from 1 to 1000000.")]
    [InlineData("Capacity:d0", "1000001", "P:Clusters:c:Extensions:Capacity:d0 is 1000001; it must be a whole number from 1 to 1000000.")]
    [InlineData("Wieghts:d0", "1", "P:Clusters:c:Extensions:Wieghts is no key; known here: ModelServer, Health,")]
    [InlineData("Hash:Keys:0", "cookie", "P:Clusters:c:Extensions:Hash:Keys has 'cookie'; it must be one of prompt_cache_key, conversation, user, prefix, client, path, or header:NAME with the name of a header.")]
    [InlineData("Hash:Keys", "path", "P:Clusters:c:Extensions:Hash:Keys is 'path'; it must be a list.")]
    [InlineData("Hash:Bound", "0.9", "P:Clusters:c:Extensions:Hash:Bound is '0.9'; it must be from 1 to 100.")]
    [InlineData("Adaptive:Holdout", "0.2", "P:Clusters:c:Extensions:Adaptive:Holdout is '0.2'; it must be from 0 to 0.1.")]
    [InlineData("ModelServer:Kind", "vlm", "P:Clusters:c:Extensions:ModelServer:Kind is 'vlm'; it must be one of vllm, sglang,")]
    [InlineData("Health", "on", "P:Clusters:c:Extensions:Health is 'on'; it must be an object.")]
    [InlineData("Health:Eject", "maybe", "P:Clusters:c:Extensions:Health:Eject is 'maybe'; it must be true or false.")]
    public async Task What_is_wrong_ends_the_start_with_its_path_value_and_rule(string key, string value, string expected)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => PlainApp.StartAsync(Strategies.RoundRobin, [Ok, Ok], [new("Extensions:" + key, value)]));
        Assert.Contains(expected, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Weights:d0", "256")]
    [InlineData("Weights:d0", "0")]
    [InlineData("Capacity:d0", "1")]
    [InlineData("Capacity:d0", "1000000")]
    [InlineData("Hash:Keys:0", "header:X-Session")]
    [InlineData("Hash:Bound", "1")]
    [InlineData("Adaptive:Holdout", "0.1")]
    public async Task What_is_at_the_limit_is_taken(string key, string value)
    {
        await using var app = await PlainApp.StartAsync(Strategies.RoundRobin, [Ok, Ok], [new("Extensions:" + key, value)]);
        Assert.Equal("ok", await app.Client.GetStringAsync("/x"));
    }

    [Fact]
    public async Task Weights_that_leave_nobody_are_refused()
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(
            () => PlainApp.StartAsync(Strategies.RoundRobin, [Ok, Ok], [new("Extensions:Weights:d0", "0"), new("Extensions:Weights:d1", "0")]));
        Assert.Contains("gives every destination of cluster 'c' the weight 0, so none would be sent a request; give one of them at least 1.", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_no_strategy_is_named_power_of_two_choices_picks()
    {
        await using var app = await PlainApp.StartAsync(null, [Held, Held]);
        var asked = app.Client.GetAsync(new Uri("/x", UriKind.Relative));
        await Pipeline.Wire.Waiting.UntilAsync(() => app.Load("d0").InFlight + app.Load("d1").InFlight == 1, () => "No place was taken.");
        _release.SetResult();
        (await asked).Dispose();
        await app.RestAsync();
    }

    [Theory]
    [InlineData("Random")]
    [InlineData("FirstAlphabetical")]
    [InlineData("LeastRequests")]
    [InlineData("leastloaded")]
    public async Task Yarps_names_and_any_capitals_stay_valid(string policy)
    {
        await using var app = await PlainApp.StartAsync(policy, [Ok, Ok]);
        Assert.Equal("ok", await app.Client.GetStringAsync("/x"));
    }

    [Fact]
    public async Task Whatever_is_added_again_or_afterwards_does_no_harm()
    {
        await using var app = await PlainApp.StartAsync(Strategies.RoundRobin, [Ok, Ok], add: static (proxy, section) =>
        {
            proxy.AddGatewayPolicies(section, static options => options.MaxPartitions = 3);
            proxy.AddGatewayPolicies(static options => options.Seed = 7);
            proxy.Services.AddSingleton<ILoadBalancingPolicy, OwnPolicy>();
        });
        Assert.Equal("ok", await app.Client.GetStringAsync("/x"));
        var options = app.Services.GetRequiredService<GatewayPoliciesOptions>();
        Assert.Equal((3, 7), (options.MaxPartitions, options.Seed));
        var policies = app.Services.GetServices<ILoadBalancingPolicy>().ToList();
        Assert.Equal(11, policies.Count);
        Assert.IsType<OwnPolicy>(Assert.Single(policies, policy => policy.Name == Strategies.LeastConnections));
        Assert.IsType<RoundRobinStrategy>(Assert.Single(policies, policy => policy.Name == Strategies.RoundRobin));
    }

    [Fact]
    public async Task Consistent_hashing_goes_by_what_the_section_says()
    {
        await using var app = await PlainApp.StartAsync(Strategies.ConsistentHash, [Says("0"), Says("1"), Says("2")], [new("Extensions:Hash:Keys:0", "header:X-Session")]);
        for (var session = 0; session < 6; session++)
        {
            Assert.Single(await AnswersAsync(app, "s" + session));
        }
    }

    [Fact]
    public async Task Consistent_hashing_goes_by_the_address_where_nobody_says()
    {
        await using var app = await PlainApp.StartAsync(Strategies.ConsistentHash, [Says("0"), Says("1"), Says("2")]);
        Assert.Single(await AnswersAsync(app, "s"));
    }

    private readonly TaskCompletionSource _release = new();

    private Task Held(HttpContext http) => _release.Task;

    private static RequestDelegate Says(string text) => http => http.Response.WriteAsync(text);

    private static async Task<HashSet<string>> AnswersAsync(PlainApp app, string session)
    {
        var answers = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 12; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/x");
            request.Headers.Add("X-Session", session);
            using var answer = await app.Client.SendAsync(request);
            answers.Add(await answer.Content.ReadAsStringAsync());
        }

        return answers;
    }

    private sealed class OwnPolicy : ILoadBalancingPolicy
    {
        public string Name => Strategies.LeastConnections;

        public DestinationState? PickDestination(HttpContext context, ClusterState cluster, IReadOnlyList<DestinationState> availableDestinations) => availableDestinations[0];
    }
}
