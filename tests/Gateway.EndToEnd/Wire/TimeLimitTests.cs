using System.Text;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>
/// Each time in <c>Kestrel:Limits</c> of appsettings.json bites. The server looks at its clock once a second and cannot be given another, so each
/// is set to the least it takes; nothing here fails for being slow, only for never happening.
/// </summary>
public sealed class TimeLimitTests : IAsyncDisposable
{
    private readonly RecordingDestination _destination = new();

    public ValueTask DisposeAsync() => _destination.DisposeAsync();

    [Fact]
    public async Task A_connection_without_a_request_ends()
    {
        await using var gateway = await LimitedAsync("""{ "KeepAliveTimeout": "00:00:01" }""");
        using var used = await RawConnection.OpenAsync(gateway.Proxy);
        using var unused = await RawConnection.OpenAsync(gateway.Proxy);
        await used.SendAsync(WireCase.Get());
        Assert.Equal(200, (await used.ReadAnswerAsync())?.Status);

        Assert.Equal("", await used.ReadToEndAsync());
        Assert.Equal("", await unused.ReadToEndAsync());
    }

    [Fact]
    public async Task A_head_that_does_not_end_is_answered_408()
    {
        await using var gateway = await LimitedAsync("""{ "RequestHeadersTimeout": "00:00:01" }""");
        using var connection = await RawConnection.OpenAsync(gateway.Proxy);
        await connection.SendAsync("GET /plain/x HTTP/1.1\r\nHost: ga");
        Assert.Equal(408, (await connection.ReadAnswerAsync())?.Status);
        Assert.Equal("", await connection.ReadToEndAsync());
    }

    [Theory]
    [InlineData("/plain/x")]
    [InlineData("/v1/chat/completions")]
    public async Task A_body_that_drips_is_answered_408(string path)
    {
        await using var gateway = await LimitedAsync("""{ "MinRequestBodyDataRate": { "BytesPerSecond": 100000, "GracePeriod": "00:00:01.1" } }""");
        using var connection = await RawConnection.OpenAsync(gateway.Proxy);
        await connection.SendAsync(WireCase.Post("Content-Length: 100000\r\n", "a", path: path));
        var answer = await connection.ReadAnswerAsync();
        Assert.Equal((408, "request_timeout"), (answer?.Status, answer?.Header("X-Blaze-Error")));
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_cut_off()
    {
        var isCut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var endless = new RawDestination(async (socket, ending) =>
        {
            if (!await RawDestination.IsForwardedAsync(socket, ending))
            {
                return;
            }

            await socket.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"), ending);
            try
            {
                while (true)
                {
                    await socket.SendAsync(new byte[65536], ending);
                }
            }
            catch (System.Net.Sockets.SocketException)
            {
                isCut.SetResult();
            }
        });
        await using var gateway = await FileGateway.LimitedAsync("""{ "MinResponseDataRate": { "BytesPerSecond": 1000000, "GracePeriod": "00:00:01.1" } }""", endless.Address);
        using var connection = await RawConnection.OpenAsync(gateway.Proxy, receiveBuffer: 65536);
        await connection.SendAsync(WireCase.Get());
        await isCut.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_silent_HTTP2_connection_is_pinged_and_then_ended()
    {
        await using var gateway = await LimitedAsync("""{ "Http2": { "KeepAlivePingDelay": "00:00:01", "KeepAlivePingTimeout": "00:00:01" } }""");
        using var client = await Http2Client.OpenAsync(gateway.Proxy);
        var pings = 0;
        while (await client.ReadAsync() is { } frame)
        {
            pings += frame.Type == Http2Client.Ping ? 1 : 0;
        }

        Assert.InRange(pings, 1, 10);
    }

    [Fact]
    public async Task An_HTTP2_connection_without_a_request_ends()
    {
        await using var gateway = await LimitedAsync("""{ "KeepAliveTimeout": "00:00:01" }""");
        using var client = await Http2Client.OpenAsync(gateway.Proxy);
        Assert.Equal("GOAWAY 0", await client.OutcomeAsync(1));
    }

    private Task<FileGateway> LimitedAsync(string limits) => FileGateway.LimitedAsync(limits, _destination.Address);
}
