using static BlazeGateway.EndToEnd.Wire.Http2Client;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Each of <c>Kestrel:Limits:Http2</c> of appsettings.json bites.</summary>
public sealed class Http2LimitTests : IAsyncDisposable
{
    private readonly RecordingDestination _destination = new();

    public ValueTask DisposeAsync() => _destination.DisposeAsync();

    [Fact]
    public async Task Limits_are_told_to_the_client()
    {
        await using var gateway = await LimitedAsync("""
            { "MaxStreamsPerConnection": 7, "HeaderTableSize": 2048, "MaxFrameSize": 20000, "MaxRequestHeaderFieldSize": 9000,
              "InitialConnectionWindowSize": 80000, "InitialStreamWindowSize": 70000 }
            """);
        using var client = await OpenAsync(gateway.Proxy);
        Dictionary<int, uint>? settings = null;
        uint? window = null;
        while (settings is null || window is null)
        {
            var frame = await client.ReadAsync();
            Assert.NotNull(frame);
            settings = frame is { Type: Settings, Flags: 0 } ? frame.Values() : settings;
            window = frame is { Type: WindowUpdate, Stream: 0 } ? frame.Code(0) : window;
        }

        Assert.Equal((7u, 20000u, 70000u), (settings[3], settings[5], settings[4]));
        Assert.Equal(2048u, settings.GetValueOrDefault(1, 2048u));
        Assert.Equal(80000u - 65535u, window);
    }

    [Fact]
    public async Task Streams()
    {
        await using var deaf = new RawDestination((_, ending) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ending));
        await using var gateway = await FileGateway.LimitedAsync("""{ "Http2": { "MaxStreamsPerConnection": 3 } }""", deaf.Address);
        using var client = await OpenAsync(gateway.Proxy);
        for (var stream = 1; stream <= 7; stream += 2)
        {
            await client.GetAsync(stream, Request());
        }

        Assert.Equal("RST 7", await client.OutcomeAsync(7));
        await client.SendAsync(Ping, 0, 0, new byte[8]);
        while (await client.ReadAsync() is { Type: not Ping } frame)
        {
            Assert.False(frame.Type is Reset or GoAway, "streams below the limit stay");
        }
    }

    [Fact]
    public async Task Frames()
    {
        await using var gateway = await LimitedAsync("""{ "MaxFrameSize": 20000 }""");
        foreach (var (size, outcome) in new[] { (19999, "200"), (20000, "200"), (20001, "GOAWAY 6") })
        {
            using var client = await OpenAsync(gateway.Proxy);
            await client.SendAsync(Headers, EndHeaders, 1, Block(Request("POST")));
            await client.SendAsync(Data, EndStream, 1, new byte[size]);
            Assert.Equal(outcome, await client.OutcomeAsync(1));
        }
    }

    [Fact]
    public async Task Fields()
    {
        await using var gateway = await LimitedAsync("""{ "MaxRequestHeaderFieldSize": 9000 }""");
        foreach (var (size, outcome) in new[] { (8999, "200"), (9000, "200"), (9001, "GOAWAY 9") })
        {
            using var client = await OpenAsync(gateway.Proxy);
            await client.GetAsync(1, Request(more: ("x-a", new string('a', size))));
            Assert.Equal(outcome, await client.OutcomeAsync(1));
        }
    }

    [Theory]
    [InlineData(2048, "200")]
    [InlineData(2049, "GOAWAY 9")]
    public async Task Tables(int size, string outcome)
    {
        await using var gateway = await LimitedAsync("""{ "HeaderTableSize": 2048 }""");
        using var client = await OpenAsync(gateway.Proxy);
        var rest = size - 31;
        byte[] resize = [0x3f, (byte)((rest & 127) | 128), (byte)(rest >> 7)];
        await client.SendAsync(Headers, EndStream | EndHeaders, 1, [.. resize, .. Block(Request())]);
        Assert.Equal(outcome, await client.OutcomeAsync(1));
    }

    /// <summary>The server gives credit back as bytes are taken from it, so a body may never be further ahead of that than the window.</summary>
    [Theory]
    [InlineData("InitialStreamWindowSize")]
    [InlineData("InitialConnectionWindowSize")]
    public async Task Windows(string limit)
    {
        await using var deaf = new RawDestination((_, ending) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ending));
        await using var gateway = await FileGateway.LimitedAsync($$"""{ "MinRequestBodyDataRate": { "GracePeriod": "01:00:00" }, "Http2": { "{{limit}}": 65535 } }""", deaf.Address);
        using var client = await OpenAsync(gateway.Proxy);
        await client.SendAsync(Headers, EndHeaders, 1, Block(Request("POST")));
        var block = Frame(Data, 0, 1, new byte[16384]);
        for (var sent = 0; sent < 64 << 20; sent += 16384)
        {
            await client.SendAsync(block);
        }

        var outcome = await client.OutcomeAsync(1);
        Assert.True(outcome is "GOAWAY 3" or "RST 3", outcome);
    }

    private Task<FileGateway> LimitedAsync(string limits) => FileGateway.LimitedAsync($$"""{ "Http2": {{limits}} }""", _destination.Address);
}
