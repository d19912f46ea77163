using BlazeGateway.Policies.Destinations;
using Microsoft.Extensions.Time.Testing;
using static BlazeGateway.Policies.Tests.Destinations.CatalogHost;

namespace BlazeGateway.Policies.Tests.Destinations;

public sealed class ModelCatalogTests
{
    private static readonly ModelCatalogOptions Options = new();

    [Fact]
    public async Task Two_destinations_with_different_models_are_told_apart()
    {
        await using var a = await Responder.StartAsync(Responder.OpenAiModels("llama", "qwen"));
        await using var b = await Responder.StartAsync(Responder.OpenAiModels("llama"));
        await using var host = await StartAsync(TimeProvider.System, Options, Cluster("llm", Kind("vllm"), ("a", a.Address), ("b", b.Address)));
        await host.Catalog.WhenAskedOnce();
        var now = host.Current;
        Assert.Equal(ModelStanding.Served, now.Find("llm", "qwen"));
        Assert.Equal(ModelStanding.Unknown, now.Find("llm", "gpt-4o"));
        Assert.True(now.Knows("LLM", "llama"), "cluster ids compare as YARP compares them");
        Assert.False(now.Cluster("llm")!.IsUniform);
        Assert.True(host.Catalog.MayServe(host.Destination("llm", "a"), "qwen"));
        Assert.False(host.Catalog.MayServe(host.Destination("llm", "b"), "qwen"));
        Assert.Equal("qwen", now.Label("qwen"));
        Assert.Equal("other", now.Label("gpt-4o"));
        Assert.Equal("llama qwen", string.Join(" ", now.Cluster("llm")!.Served.Entries.Select(e => e.Name)));
        Assert.Equal("/v1/models", a.LastPathAndQuery, StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_destination_that_is_down_at_start_is_named_once_within_two_seconds_and_the_rest_serves()
    {
        var time = new FakeTimeProvider();
        await using var up = await Responder.StartAsync(Responder.OpenAiModels("llama"));
        var downAddress = await FreeAddressAsync();
        await using var host = await StartAsync(time, Options, Cluster("llm", Kind("vllm"), ("gpu-a", up.Address), ("gpu-b", downAddress)));
        var asked = TimeProvider.System.GetTimestamp();
        await host.Catalog.WhenAskedOnce();
        Assert.InRange(TimeProvider.System.GetElapsedTime(asked), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.True(host.Current.IsServed("llm", "llama"));
        Assert.Equal(ModelStanding.Unknown, host.Current.Find("llm", "gpt-4o"));
        var change = Assert.Single(host.Changes, c => c.Destination == "gpu-b");
        Assert.Equal((DestinationAnswer.Unknown, DestinationAnswer.Unreachable), (change.Before.Answer, change.After.Answer));
        Assert.Equal("connection refused", change.After.Reason);
        for (var i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1.2));
            await Task.Yield();
        }

        var line = Assert.Single(host.Log.Lines, l => l.Contains("gpu-b", StringComparison.Ordinal));
        Assert.StartsWith($"Warning: Destination 'gpu-b' of cluster 'llm' ({downAddress}) is unreachable: connection refused.", line, StringComparison.Ordinal);
    }

    private static async Task<string> FreeAddressAsync()
    {
        await using var responder = await Responder.StartAsync(Responder.Status(200));
        return responder.Address;
    }
}
