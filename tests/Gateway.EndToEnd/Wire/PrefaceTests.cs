using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>One clear-text port tells HTTP/2 from HTTP/1.1 by the first bytes, however they come.</summary>
public sealed class PrefaceTests(WireGateway wire) : IClassFixture<WireGateway>
{
    [Fact]
    public async Task A_preface_byte_by_byte_is_HTTP2()
    {
        using var connection = await RawConnection.OpenAsync(wire.Address);
        foreach (var one in Http2Client.Preface)
        {
            await connection.SendAsync(new[] { one });
        }

        Assert.Equal(Http2Client.Settings, await FirstFrameAsync(connection));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(14)]
    [InlineData(16)]
    [InlineData(18)]
    [InlineData(23)]
    public async Task A_preface_in_two_parts_is_HTTP2(int split)
    {
        using var connection = await RawConnection.OpenAsync(wire.Address);
        await connection.SendAsync(Http2Client.Preface.AsMemory(0, split));
        await Eventually.TrueAsync(() => wire.Gateway.Host.Listeners.ProxyConnections.Open > 0, "it is connected");
        await connection.SendAsync(Http2Client.Preface.AsMemory(split));
        Assert.Equal(Http2Client.Settings, await FirstFrameAsync(connection));
    }

    [Theory]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\nXX", "\0\0\u0008\u0007")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "\0\0\u0008\u0007")]
    [InlineData("PRI * HTTP/1.1\r\nHost: gateway\r\n\r\n", "HTTP/1.1 405 ")]
    [InlineData("PRI /plain/x HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n", "HTTP/1.1 405 ")]
    [InlineData("PRI", "")]
    [InlineData("P", "")]
    [InlineData("PATCH /plain/x HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ")]
    [InlineData("PRI * HTTP/2.0\n\nSM\n\n", "HTTP/1.1 400 ")]
    public async Task What_only_looks_like_a_preface_is_HTTP1(string text, string answer)
    {
        using var connection = await RawConnection.OpenAsync(wire.Address);
        await connection.SendAsync(text);
        if (answer.Length == 0)
        {
            connection.Finish();
        }

        var all = await connection.ReadToEndAsync();
        Assert.StartsWith(answer, all, StringComparison.Ordinal);
        Assert.Equal(answer.Length == 0, all.Length == 0);
        Assert.DoesNotContain(wire.Destination.Take(), request => !request.IsWhole);
    }

    [Fact]
    public async Task A_preface_that_does_not_end_has_the_time_of_a_head()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await FileGateway.StartAsync("""{ "Kestrel": { "Limits": { "KeepAliveTimeout": "20:00:00" } } }""", WireGateway.Routes(wire.Destination.Address), time);
        using var slow = await RawConnection.OpenAsync(gateway.Proxy);
        await slow.SendAsync("PRI * HT");
        var ended = slow.ReadToEndAsync();

        // However long this waits, it is less than the 20 hours that a silent connection has.
        await PassAsync(time, TimeSpan.FromSeconds(11), () => ended.IsCompleted);
        Assert.Equal("", await ended);
    }

    [Fact]
    public async Task A_silent_connection_has_the_time_between_requests()
    {
        var time = new FakeTimeProvider();
        await using var gateway = await FileGateway.StartAsync("""{ "Kestrel": { "Limits": { "KeepAliveTimeout": "20:00:00" } } }""", WireGateway.Routes(wire.Destination.Address), time);
        using var silent = await RawConnection.OpenAsync(gateway.Proxy);
        var ended = silent.ReadToEndAsync();
        await Eventually.TrueAsync(() => gateway.Host.Listeners.ProxyConnections.Open == 1, "it is connected");
        for (var i = 0; i < 19; i++)
        {
            time.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(1, gateway.Host.Listeners.ProxyConnections.Open);
        await PassAsync(time, TimeSpan.FromHours(1), () => ended.IsCompleted);
        Assert.Equal("", await ended);
    }

    [Theory]
    [InlineData("")]
    [InlineData("PRI * HT")]
    public async Task A_connection_that_said_nothing_whole_does_not_hold_up_the_stop(string begun)
    {
        var gateway = await FileGateway.StartAsync("{}", WireGateway.Routes(wire.Destination.Address), shutdown: TimeSpan.FromMinutes(10));
        using var connection = await RawConnection.OpenAsync(gateway.Proxy);
        await connection.SendAsync(Encoding.ASCII.GetBytes(begun));
        await Eventually.TrueAsync(() => gateway.Host.Listeners.ProxyConnections.Open == 1, "it is connected");
        await gateway.Host.StopAsync().WaitAsync(TimeSpan.FromMinutes(1));
        await gateway.DisposeAsync();
    }

    /// <summary>Lets the fake clock go on step by step, a hundred steps a second at most, until something happens.</summary>
    private static Task PassAsync(FakeTimeProvider time, TimeSpan step, Func<bool> happened) => Eventually.TrueAsync(() =>
    {
        if (!happened())
        {
            time.Advance(step);
        }

        return happened();
    }, "it ends in time");

    private static async Task<int> FirstFrameAsync(RawConnection connection)
    {
        await connection.SendAsync(Http2Client.Frame(Http2Client.Settings, 0, 0, []));
        var head = new byte[9];
        Assert.True(await connection.ReadExactlyAsync(head));
        return head[3];
    }
}
