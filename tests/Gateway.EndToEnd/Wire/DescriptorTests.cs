namespace BlazeGateway.EndToEnd.Wire;

/// <summary>
/// A process with few file descriptors under more connections than it has of them: it lives, the operators' listener answers, connections that
/// were there first are served, and when the crowd has gone so is everybody.
/// </summary>
[Collection(nameof(Operations.Alone))]
public sealed class DescriptorTests
{
    [Theory]
    [InlineData(512, 64, 1500)]
    [InlineData(1024, 170, 1500)]
    [InlineData(1024, 170, 5000)]
    public async Task Idle_connections(int files, int budget, int size)
    {
        await using var destination = new RecordingDestination();
        await using var process = await LimitedProcess.StartAsync(destination.Address, files);
        Assert.Equal(budget, await process.MetricAsync("blaze_connections_limit", "proxy"));
        using var early = await RawConnection.OpenAsync(process.Blaze.Proxy);
        await early.SendAsync(WireCase.Get());
        Assert.Equal(200, (await early.ReadAnswerAsync())?.Status);

        var crowd = await Task.WhenAll(Enumerable.Range(0, size).Select(_ => TryOpenAsync(process.Blaze.Proxy)));
        var came = crowd.Count(connection => connection is not null);
        await Eventually.TrueAsync(
            async () => await process.MetricAsync("blaze_connections_refused_total", "proxy") >= came - budget, "those beyond the budget are refused");
        Assert.Equal(budget, await process.MetricAsync("blaze_connections", "proxy"));
        var slowest = TimeSpan.Zero;
        for (var i = 0; i < 20; i++)
        {
            var from = TimeProvider.System.GetTimestamp();
            Assert.Equal("ok\n", await process.AdminAsync("/livez"));
            var took = TimeProvider.System.GetElapsedTime(from);
            slowest = took > slowest ? took : slowest;
            await early.SendAsync(WireCase.Get());
            Assert.Equal(200, (await early.ReadAnswerAsync())?.Status);
        }

        Assert.Equal(0, await process.AskAsync());
        Array.ForEach(crowd, connection => connection?.Dispose());
        var left = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(async () => await process.AskAsync() == 200, "clients are served again");
        var back = TimeProvider.System.GetElapsedTime(left);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{size} connections at {files} files: operators answered within {slowest.TotalMilliseconds:0.0} ms, clients served {back.TotalMilliseconds:0} ms after the crowd left");

        // What is promised is 100 and 200 ms, printed above; a busy machine takes longer.
        Assert.True(slowest <= TimeSpan.FromSeconds(1), $"{slowest}");
        Assert.True(back <= TimeSpan.FromSeconds(2), $"{back}");
        await process.AssertSoundAsync();
    }

    [Fact]
    public async Task Too_few_to_serve_are_refused_at_the_start()
    {
        using var directory = new TemporaryDirectory();
        await using var blaze = LimitedProcess.Start(directory, new Uri("http://127.0.0.1:1"), files: 256);
        Assert.Equal(1, await blaze.ExitAsync());
        Assert.Contains("may open 256 files, and needs 368", blaze.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", blaze.Error, StringComparison.Ordinal);
    }

    /// <summary>Each stream of a connection may want a connection to the destination, so counting clients' connections is not enough.</summary>
    [Fact]
    public async Task Streams_that_wait()
    {
        await using var deaf = new RawDestination((_, ending) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ending));
        await using var process = await LimitedProcess.StartAsync(deaf.Address, files: 512);
        var clients = new List<Http2Client>();
        for (var i = 0; i < 10; i++)
        {
            var client = await Http2Client.OpenAsync(process.Blaze.Proxy);
            clients.Add(client);
            var requests = Enumerable.Range(0, 100).SelectMany(stream => Http2Client.Frame(
                Http2Client.Headers, Http2Client.EndStream | Http2Client.EndHeaders, (stream * 2) + 1, Http2Client.Block(Http2Client.Request())));
            await client.SendAsync(requests.ToArray());
        }

        await Eventually.TrueAsync(async () => await process.MetricAsync("http_server_active_requests") + await process.MetricAsync("blaze_requests_total") >= 1000, "all requests arrived");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("ok\n", await process.AdminAsync("/livez"));
        }

        clients.ForEach(client => client.Dispose());
        await Eventually.TrueAsync(async () => await process.MetricAsync("http_server_active_requests") == 0, "all requests ended");
        await process.AssertSoundAsync();
        Assert.InRange(await process.MetricAsync("blaze_requests_total", "outcome=\"no_backend\""), 1000 - 96, 1000);
        Assert.Equal(404, await StatusAsync(process));
        Assert.True(await process.MetricAsync("blaze_destination_requests_total", "result=\"error\"") == 0, "no destination is blamed");
    }

    private static async Task<int?> StatusAsync(LimitedProcess process)
    {
        using var connection = await RawConnection.OpenAsync(process.Blaze.Proxy);
        await connection.SendAsync(WireCase.Get("/nowhere"));
        return (await connection.ReadAnswerAsync())?.Status;
    }

    private static async Task<RawConnection?> TryOpenAsync(Uri address)
    {
        try
        {
            return await RawConnection.OpenAsync(address);
        }
        catch (System.Net.Sockets.SocketException)
        {
            return null;
        }
    }
}
