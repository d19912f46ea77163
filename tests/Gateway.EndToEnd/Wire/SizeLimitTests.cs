using System.Text;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Each size in <c>Kestrel:Limits</c> of appsettings.json bites: one below and at it passes, one above is refused.</summary>
public sealed class SizeLimitTests : IAsyncDisposable
{
    private readonly RecordingDestination _destination = new();

    public ValueTask DisposeAsync() => _destination.DisposeAsync();

    [Fact]
    public async Task Header_count()
    {
        await using var gateway = await LimitedAsync("""{ "MaxRequestHeaderCount": 20 }""");
        foreach (var (count, status) in new[] { (19, 200), (20, 200), (21, 431) })
        {
            Assert.Equal(status, await StatusAsync(gateway, WireCase.Get(headers: string.Concat(Enumerable.Range(1, count - 1).Select(i => $"X-{i}: a\r\n")))));
        }
    }

    [Fact]
    public async Task Header_size()
    {
        await using var gateway = await LimitedAsync("""{ "MaxRequestHeadersTotalSize": 2048 }""");
        var frame = "Host: gateway\r\nX-A: \r\n".Length;
        foreach (var (size, status) in new[] { (2047, 200), (2048, 200), (2049, 431) })
        {
            Assert.Equal(status, await StatusAsync(gateway, WireCase.Get(headers: $"X-A: {new string('a', size - frame)}\r\n")));
        }
    }

    [Fact]
    public async Task Request_line()
    {
        await using var gateway = await LimitedAsync("""{ "MaxRequestLineSize": 1024 }""");
        var frame = "GET /plain/ HTTP/1.1\r\n".Length;
        foreach (var (size, status) in new[] { (1023, 200), (1024, 200), (1025, 414) })
        {
            Assert.Equal(status, await StatusAsync(gateway, WireCase.Get("/plain/" + new string('a', size - frame))));
        }
    }

    [Theory]
    [InlineData("/plain/x", false)]
    [InlineData("/plain/x", true)]
    [InlineData("/v1/chat/completions", false)]
    [InlineData("/v1/chat/completions", true)]
    public async Task Body(string path, bool chunked)
    {
        await using var gateway = await LimitedAsync("""{ "MaxRequestBodySize": 1000 }""");
        foreach (var (size, status) in new[] { (999, 200), (1000, 200), (1001, 413) })
        {
            // In chunks the server counts what frames them too: three digits, three line ends and the last chunk.
            var body = WireCase.Chat.PadRight(chunked ? size - 12 : size);
            var text = chunked ? $"{body.Length:x}\r\n{body}\r\n0\r\n\r\n" : body;
            var framing = chunked ? "Transfer-Encoding: chunked\r\n" : $"Content-Length: {size}\r\n";
            Assert.Equal(status, await StatusAsync(gateway, WireCase.Post(framing, text, path: path)));
        }
    }

    [Fact]
    public async Task Connections()
    {
        await using var gateway = await LimitedAsync("""{ "MaxConcurrentConnections": 2 }""");
        using var first = await RawConnection.OpenAsync(gateway.Proxy);
        using var second = await RawConnection.OpenAsync(gateway.Proxy);
        foreach (var connection in new[] { first, second })
        {
            await connection.SendAsync(WireCase.Get());
            Assert.Equal(200, (await connection.ReadAnswerAsync())?.Status);
        }

        Assert.True(await RawConnection.IsRefusedAsync(gateway.Proxy));
        using (var admin = await RawConnection.OpenAsync(gateway.Admin))
        {
            await admin.SendAsync($"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            var page = await admin.ReadToEndAsync();
            Assert.Contains("blaze_connections{listener=\"proxy\"} 2\n", page, StringComparison.Ordinal);
            Assert.Contains("blaze_connections_limit{listener=\"proxy\"} 2\n", page, StringComparison.Ordinal);
            Assert.Matches("blaze_connections_refused_total\\{listener=\"proxy\"\\} [1-9]", page);
        }

        first.Dispose();
        await Eventually.TrueAsync(() => gateway.Host.Listeners.ProxyConnections.Open < 2, "a place is free again");
        Assert.Equal(200, await StatusAsync(gateway, WireCase.Get()));
    }

    [Fact]
    public async Task Admin_connections_are_counted_apart()
    {
        await using var gateway = await FileGateway.StartAsync("""{ "Admin": { "MaxConnections": 1 } }""", WireGateway.Routes(_destination.Address));
        using var first = await RawConnection.OpenAsync(gateway.Admin);
        await first.SendAsync("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(200, (await first.ReadAnswerAsync())?.Status);
        Assert.True(await RawConnection.IsRefusedAsync(gateway.Admin));
        Assert.Equal(200, await StatusAsync(gateway, WireCase.Get()));
    }

    /// <summary>With a small limit a client that never reads holds the destination up; with one that is larger than the body everything is taken in.</summary>
    [Theory]
    [InlineData("65536", false)]
    [InlineData("1073741824", true)]
    public async Task Response_buffer(string limit, bool takesAll)
    {
        const int Size = 64 << 20;
        var sent = 0L;
        await using var flood = new RawDestination(async (socket, ending) =>
        {
            if (!await RawDestination.IsForwardedAsync(socket, ending))
            {
                return;
            }

            await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n"), ending);
            var block = new byte[65536];
            while (sent < Size)
            {
                Interlocked.Add(ref sent, await socket.SendAsync(block, ending));
            }

            await socket.ReceiveAsync(block, ending);
        });
        await using var gateway = await FileGateway.LimitedAsync($$"""{ "MaxResponseBufferSize": {{limit}}, "MinResponseDataRate": { "GracePeriod": "01:00:00" } }""", flood.Address);
        using var client = await RawConnection.OpenAsync(gateway.Proxy);
        await client.SendAsync(WireCase.Get());

        await StandsStillAsync(() => Interlocked.Read(ref sent), atLeast: 65536, until: takesAll ? Size : null);
        Assert.Equal(takesAll, Interlocked.Read(ref sent) == Size);
        var answer = await client.ReadAnswerAsync();
        Assert.Equal(Size, answer!.Body.Length);
    }

    /// <summary>With a small limit a destination that never reads holds the client up; with one that is larger than the body everything is taken in.</summary>
    [Theory]
    [InlineData("65536", false)]
    [InlineData("1073741824", true)]
    public async Task Request_buffer(string limit, bool takesAll)
    {
        const int Size = 64 << 20;
        await using var deaf = new RawDestination((_, ending) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ending));
        await using var gateway = await FileGateway.LimitedAsync($$"""{ "MaxRequestBufferSize": {{limit}}, "MinRequestBodyDataRate": { "GracePeriod": "01:00:00" } }""", deaf.Address);
        using var client = await RawConnection.OpenAsync(gateway.Proxy);
        await client.SendAsync($"POST /plain/x HTTP/1.1\r\nHost: gateway\r\nContent-Length: {Size}\r\n\r\n");
        var sent = 0L;
        using var ending = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            var block = new byte[65536];
            while (sent < Size)
            {
                Interlocked.Add(ref sent, await client.Socket.SendAsync(block, ending.Token));
            }
        });

        await StandsStillAsync(() => Interlocked.Read(ref sent), atLeast: 65536, until: takesAll ? Size : null);
        Assert.Equal(takesAll, Interlocked.Read(ref sent) == Size);
        await ending.CancelAsync();
        await Eventually.TrueAsync(() => sending.IsCompleted, "the client stops");
    }

    /// <summary>Waits until nothing moves any more, or until <paramref name="until"/> is reached where that must happen.</summary>
    private static async Task StandsStillAsync(Func<long> progress, long atLeast, long? until)
    {
        var (last, unchanged) = (-1L, 0);
        await Eventually.TrueAsync(() =>
        {
            var now = progress();
            unchanged = now == last ? unchanged + 1 : 0;
            last = now;
            return until is { } all ? now >= all : now >= atLeast && unchanged >= 50;
        }, "it stands still");
    }

    private static async Task<int?> StatusAsync(FileGateway gateway, string payload)
    {
        using var connection = await RawConnection.OpenAsync(gateway.Proxy);
        await connection.TrySendAsync(Encoding.Latin1.GetBytes(payload));
        return (await connection.ReadAnswerAsync())?.Status;
    }

    private Task<FileGateway> LimitedAsync(string limits) => FileGateway.LimitedAsync(limits, _destination.Address);
}
