using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Requests that wait beside destinations that limit their rate, and for tokens in flight, on real Kestrel.</summary>
public sealed class CoolingWaitTests
{
    private static readonly ClusterExtensions OneAtATime = FailoverScene.Calm with
    {
        Capacity = new(StringComparer.OrdinalIgnoreCase) { ["*"] = 1 },
        Admission = new() { QueueLimit = 10, QueueTimeout = TimeSpan.FromSeconds(60) },
    };

    /// <summary>One is full and the other cools: who waits for the first is served by the second when it takes requests again, in turn and no earlier.</summary>
    [Theory]
    [InlineData("HTTP/1.1")]
    [InlineData("HTTP/2")]
    public async Task Who_waits_is_woken_when_cooling_ends(string protocol)
    {
        await using var scene = await FailoverScene.StartAsync(2, cluster: OneAtATime);
        await using var first = await scene.SendAsync();
        var (held, full) = await scene.NextAsync();
        await using var limited = await scene.SendAsync();
        var (refused, cooling) = await scene.NextAsync();
        Assert.NotEqual(full, cooling);
        await refused.SendAsync("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 10\r\nContent-Length: 0\r\n\r\n");

        // It goes on to the one that is full, and waits there; so does the next, behind it.
        await WaitingAsync(scene, 1);
        await using var second = await scene.SendAsync(protocol: protocol);
        await WaitingAsync(scene, 2);
        scene.Host.Time.Advance(TimeSpan.FromSeconds(8.9));
        Assert.True(Load(scene, cooling).IsCooling);
        Assert.False(scene.Destinations[cooling].HasWaiting);
        Assert.Equal(2, scene.Host.Get<Admissions>().Waiting);

        // Jitter is a tenth at most. The one it answered 429 to was there already and waits on.
        scene.Host.Time.Advance(TimeSpan.FromSeconds(2.2));
        var (exchange, where) = await scene.NextAsync();
        Assert.Equal(cooling, where);
        await WaitingAsync(scene, 1);
        await exchange.AnswerAsync(FailoverScene.Answer);
        Assert.Equal(200, await StatusAsync(second));
        await held.AnswerAsync(FailoverScene.Answer);
        var (last, again) = await scene.NextAsync();
        Assert.Equal(full, again);
        await last.AnswerAsync(FailoverScene.Answer);
        Assert.Equal((200, 200), (await StatusAsync(first), await StatusAsync(limited)));
        await RestAsync(scene);
    }

    /// <summary>Nobody is waited for where all cool: not by those that come, and no longer by those that wait.</summary>
    [Fact]
    public async Task When_all_cool_those_that_wait_are_told_and_served_when_they_come_again()
    {
        await using var scene = await FailoverScene.StartAsync(2, cluster: OneAtATime);
        await using var first = await scene.SendAsync();
        var (one, _) = await scene.NextAsync();
        await using var second = await scene.SendAsync();
        var (other, _) = await scene.NextAsync();
        await using var waits = await scene.SendAsync();
        await WaitingAsync(scene, 1);
        Cool(scene, 0, 20);
        await Waiting.UntilAsync(() => Load(scene, 0).IsCooling, () => "It does not cool.");
        Assert.Equal(1, scene.Host.Get<Admissions>().Waiting);
        Cool(scene, 1, 7);
        await waits.HeadAsync().Soon();
        Assert.Equal((429, "upstream_rate_limited"), (waits.Status, waits.Header("X-Blaze-Error")));
        Assert.Equal("7", waits.Header("Retry-After"));
        await using var comes = await scene.SendAsync();
        Assert.Equal(429, await StatusAsync(comes));
        await one.AnswerAsync(FailoverScene.Answer);
        await other.AnswerAsync(FailoverScene.Answer);
        Assert.Equal((200, 200), (await StatusAsync(first), await StatusAsync(second)));
        await waits.EndAsync();
        scene.Host.Time.Advance(TimeSpan.FromSeconds(7));
        await using var again = await scene.SendAsync();
        var (exchange, where) = await scene.NextAsync();
        Assert.Equal(1, where);
        await exchange.AnswerAsync(FailoverScene.Answer);
        Assert.Equal(200, await StatusAsync(again));
        await RestAsync(scene);
    }

    /// <summary>What one request has in flight, in tokens, against what the destination takes: one more goes there while there are fewer.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(0, true)]
    [InlineData(-1, true)]
    public async Task The_queue_holds_from_the_tokens_in_flight_on_that_the_destination_takes(int room, bool waits)
    {
        var tokens = await TokensAsync();
        var cluster = FailoverScene.Calm with
        {
            TokenCapacity = new(StringComparer.OrdinalIgnoreCase) { ["*"] = tokens + room },
            Admission = new() { QueueLimit = 10 },
        };
        await using var scene = await FailoverScene.StartAsync(1, cluster: cluster);
        await using var first = await scene.SendAsync();
        var (held, _) = await scene.NextAsync();
        Assert.Equal(tokens, Load(scene, 0).PrefillTokens + Load(scene, 0).OutputTokens);
        await using var second = await scene.SendAsync();
        if (waits)
        {
            await WaitingAsync(scene, 1);
            Assert.False(scene.Destinations[0].HasWaiting);
            await held.AnswerAsync(FailoverScene.Answer);
            Assert.Equal(200, await StatusAsync(first));
        }

        await (await scene.NextAsync()).Exchange.AnswerAsync(FailoverScene.Answer);
        Assert.Equal(200, await StatusAsync(second));
        if (!waits)
        {
            await held.AnswerAsync(FailoverScene.Answer);
            Assert.Equal(200, await StatusAsync(first));
        }

        await RestAsync(scene);
        Assert.Equal(waits ? 1 : 0, await scene.Host.SumAsync("blaze_queue_wait_seconds_count"));
    }

    /// <summary>Tokens one request is taken for before anything was learned.</summary>
    private static async Task<int> TokensAsync()
    {
        await using var scene = await FailoverScene.StartAsync(1);
        await using var caller = await scene.SendAsync();
        var (exchange, _) = await scene.NextAsync();
        var load = Load(scene, 0);
        var tokens = (int)(load.PrefillTokens + load.OutputTokens);
        await exchange.AnswerAsync(FailoverScene.Answer);
        await StatusAsync(caller);
        await scene.RestAsync();
        Assert.True(tokens > 1);
        return tokens;
    }

    private static DestinationAvailability Availability(FailoverScene scene, int destination) =>
        scene.Host.Get<AvailabilityRegistry>().Of(scene.Host.Cluster("llm").Destinations[$"d{destination}"]);

    private static DestinationLoad Load(FailoverScene scene, int destination) => Availability(scene, destination).Load;

    private static void Cool(FailoverScene scene, int destination, int seconds) => Availability(scene, destination).Cool(TimeSpan.FromSeconds(seconds));

    private static Task WaitingAsync(FailoverScene scene, int count)
    {
        var admissions = scene.Host.Get<Admissions>();
        return Waiting.UntilAsync(() => admissions.Waiting == count, () => $"{admissions.Waiting} wait, not {count}.");
    }

    private static async Task<int> StatusAsync(Caller caller)
    {
        await caller.HeadAsync().Soon();
        await caller.EndAsync().Soon();
        return caller.Status;
    }

    private static async Task RestAsync(FailoverScene scene)
    {
        await scene.RestAsync();
        var admissions = scene.Host.Get<Admissions>();
        Assert.Equal((0, 0), (admissions.Waiting, admissions.Granted));
    }
}
