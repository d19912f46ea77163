namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>Requests reach the model server and answers reach the client byte for byte, in every dialect and operation.</summary>
public sealed class WireTests(SharedWays shared) : IClassFixture<SharedWays>
{
    /// <summary>What the gateway says for itself beside the model server's headers, and what is its own per connection or second.</summary>
    private static readonly string[] Own = ["X-Request-Id", "X-Accel-Buffering", "Date"];

    /// <summary>What a proxy adds, and what is its own per connection.</summary>
    private static readonly string[] OwnOutgoing = ["Host", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Request-Id", "Accept-Encoding"];

    [Theory]
    [MemberData(nameof(WireCalls.Names), MemberType = typeof(WireCalls))]
    public async Task An_answer_is_the_same_to_the_byte(string name)
    {
        using var client = BlazeProcess.NewClient(shared.Ways.Direct);
        var direct = await WireCalls.SendAsync(client, name);
        var through = await WireCalls.SendAsync(shared.Ways.Gateway.Proxy, name);

        Assert.Equal(200, direct.Status);
        Assert.NotEmpty(direct.Body);
        Assert.Equal((direct.Status, direct.Sha256), (through.Status, through.Sha256));
        Assert.Equal(Told(direct.Headers, Own), Told(through.Headers, Own), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("drip=1/0ms")]
    [InlineData("drip=7/0ms")]
    [InlineData("drip=1000/0ms")]
    public async Task However_a_stream_is_cut_into_packets(string drip)
    {
        await using var ways = await TwoWays.StartAsync();
        using var client = BlazeProcess.NewClient(ways.Direct);
        foreach (var name in new[] { "chat stream", "response stream", "message stream", "ollama chat stream", "completion stream" })
        {
            ways.Server.SetFault("");
            var whole = await WireCalls.SendAsync(client, name);
            ways.Server.SetFault($"{drip};path={WireCalls.All[name].Path}");
            Assert.Equal(whole.Sha256, (await WireCalls.SendAsync(ways.Gateway.Proxy, name)).Sha256);
        }
    }

    [Fact]
    public async Task A_request_is_the_same_to_the_byte()
    {
        await using var ways = await TwoWays.StartAsync();
        using var client = BlazeProcess.NewClient(ways.Direct);
        foreach (var name in WireCalls.All.Keys)
        {
            await WireCalls.SendAsync(client, name);
            await WireCalls.SendAsync(ways.Gateway.Proxy, name);
            var direct = ways.Server.Stats.Recent[^2];
            var through = ways.Server.Stats.Recent[^1];
            Assert.Equal((direct.Method, direct.Target, direct.BodySha256, direct.BodyBytes), (through.Method, through.Target, through.BodySha256, through.BodyBytes));
            Assert.Equal(Told(direct.Headers, OwnOutgoing), Told(through.Headers, OwnOutgoing), StringComparer.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("drip=1/0ms")]
    [InlineData("drip=17/0ms")]
    public async Task Only_the_name_differs_where_a_route_gives_models_names_of_its_own(string drip)
    {
        await using var ways = await TwoWays.StartAsync(route: """
            { "Models": { "a-public-name": { "Rewrite": "demo-small" } }, "Response": { "RestoreModelName": true, "MeterUsage": true } }
            """);
        using var client = BlazeProcess.NewClient(ways.Direct);
        foreach (var (name, (path, body)) in WireCalls.All)
        {
            var direct = await WireCalls.SendAsync(client, name);
            ways.Server.SetFault(drip.Length == 0 ? "" : $"{drip};path={path}");
            var through = await WireCalls.SendAsync(ways.Gateway.Proxy, path, body.Replace("demo-small", "a-public-name", StringComparison.Ordinal));
            ways.Server.SetFault("");
            Assert.Equal(direct.Text.Replace("demo-small", "a-public-name", StringComparison.Ordinal), through.Text);
        }
    }

    private static IEnumerable<string> Told(IReadOnlyDictionary<string, string> headers, string[] except) =>
        headers.Where(header => !except.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
            .Select(header => $"{header.Key.ToUpperInvariant()}: {header.Value}").Order(StringComparer.Ordinal);
}
