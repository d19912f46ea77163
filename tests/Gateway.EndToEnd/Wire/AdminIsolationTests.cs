using System.Text;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Tricks to reach the operators' listener through the clients' one, and the other way round. Every one fails.</summary>
public sealed class AdminIsolationTests(OpenGateway gateway) : IClassFixture<OpenGateway>
{
    private Uri Proxy => gateway.Gateway.Host.Listeners.ProxyAddresses[0];

    private Uri Admin => gateway.Gateway.Host.Listeners.AdminAddress;

    /// <summary>Heads sent to the clients' listener; A is the operators' authority, P its port.</summary>
    public static TheoryData<string> OnProxy() =>
    [
        "GET /livez HTTP/1.1|Host: A",
        "GET /metrics HTTP/1.1|Host: localhost:P",
        "GET /api/v1/config HTTP/1.1|Host: 127.0.0.1:0",
        "POST /api/v1/config/reload HTTP/1.1|Host: A|Content-Length: 0",
        "GET /metrics HTTP/1.1|Host: gateway|X-Forwarded-Host: A|X-Forwarded-Port: P|X-Forwarded-Proto: http",
        "GET /metrics HTTP/1.1|Host: gateway|Forwarded: host=A;proto=http;for=127.0.0.1",
        "GET http://A/metrics HTTP/1.1|Host: A",
        "GET http://A/metrics HTTP/1.1|Host: gateway",
        "GET /v1/../metrics HTTP/1.1|Host: A",
        "GET /v1/%2e%2e/metrics HTTP/1.1|Host: A",
        "GET /v1/..;/metrics HTTP/1.1|Host: A",
        "GET /v1/..%2fmetrics HTTP/1.1|Host: A",
        "GET //metrics HTTP/1.1|Host: A",
        "GET /./metrics HTTP/1.1|Host: A",
        "GET \\metrics HTTP/1.1|Host: A",
        "GET / HTTP/1.1|Host: A|X-Original-URL: /metrics|X-Rewrite-URL: /metrics",
        "GET /metrics HTTP/1.1|Host: A|X-Blaze-Listener: admin|X-Blaze-Admin: 1",
        "GET /metrics HTTP/1.1|Host: A|Connection: Upgrade|Upgrade: websocket|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "GET /metrics HTTP/1.1|Host: A|Connection: Upgrade, HTTP2-Settings|Upgrade: h2c|HTTP2-Settings: AAMAAABkAAQAAP__",
        "CONNECT A HTTP/1.1|Host: A",
        "OPTIONS * HTTP/1.1|Host: A",
        "TRACE /metrics HTTP/1.1|Host: A",
        "GET /metrics HTTP/1.0|Host: A",
    ];

    /// <summary>Heads sent to the operators' listener; A is the clients' authority.</summary>
    public static TheoryData<string> OnAdmin() =>
    [
        "GET /v1/models HTTP/1.1|Host: A",
        "GET /plain/x HTTP/1.1|Host: localhost|X-Forwarded-Host: A",
        "POST /v1/chat/completions HTTP/1.1|Host: 127.0.0.1|Content-Length: 0",
        "GET http://A/plain/x HTTP/1.1|Host: A",
        "GET /livez/../plain/x HTTP/1.1|Host: localhost",
        "GET //plain/x HTTP/1.1|Host: localhost",
        "GET /plain/x HTTP/1.1|Host: localhost|X-Original-URL: /plain/x",
        "GET /plain/x HTTP/1.1|Host: localhost|Connection: Upgrade|Upgrade: websocket|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "CONNECT A HTTP/1.1|Host: A",
        "GET /livez HTTP/1.1|Host: evil.test",
        "GET /livez HTTP/1.1|Host: localhost.evil.test",
        "TRACE /livez HTTP/1.1|Host: localhost",
    ];

    [Theory]
    [MemberData(nameof(OnProxy))]
    public async Task Nothing_leads_from_clients_to_operators(string head)
    {
        using var connection = await RawConnection.OpenAsync(Proxy);
        await connection.SendAsync(Text(head, Admin));
        if (await connection.ReadAnswerAsync() is { } answer)
        {
            AssertNotAdmin(answer);
        }
    }

    [Theory]
    [MemberData(nameof(OnAdmin))]
    public async Task Nothing_leads_from_operators_to_destinations(string head)
    {
        gateway.Destination.Take();
        using var connection = await RawConnection.OpenAsync(Admin);
        await connection.SendAsync(Text(head, Proxy));
        var answer = await connection.ReadAnswerAsync();
        Assert.InRange(answer?.Status ?? 400, 400, 499);
        Assert.Empty(gateway.Destination.Take());
    }

    [Fact]
    public async Task An_authority_of_HTTP2_leads_nowhere_else()
    {
        gateway.Destination.Take();
        using var client = await Http2Client.OpenAsync(Proxy);
        await client.GetAsync(1, (":method", "GET"), (":scheme", "http"), (":authority", Admin.Authority), (":path", "/metrics"));
        Assert.Equal("200", await client.OutcomeAsync(1));
        await client.GetAsync(3, (":method", "GET"), (":scheme", "http"), (":authority", "gateway"), (":path", "/metrics"), ("host", Admin.Authority));
        Assert.Equal("200", await client.OutcomeAsync(3));
        Assert.Equal("/metrics /metrics", string.Join(' ', gateway.Destination.Take().Select(request => request.Target)));
    }

    [Fact]
    public async Task Operators_are_not_spoken_to_in_HTTP2_on_a_clear_port()
    {
        gateway.Destination.Take();
        using var client = await Http2Client.OpenAsync(Admin);
        await client.GetAsync(1, (":method", "GET"), (":scheme", "http"), (":authority", Proxy.Authority), (":path", "/plain/x"));
        Assert.DoesNotContain("200", await client.OutcomeAsync(1), StringComparison.Ordinal);
        Assert.Empty(gateway.Destination.Take());
    }

    [Fact]
    public async Task A_request_behind_another_stays_on_its_listener()
    {
        gateway.Destination.Take();
        using var connection = await RawConnection.OpenAsync(Proxy);
        await connection.SendAsync(Text("GET /a HTTP/1.1|Host: gateway", Admin) + Text("GET /metrics HTTP/1.1|Host: A", Admin));
        AssertNotAdmin((await connection.ReadAnswerAsync())!);
        AssertNotAdmin((await connection.ReadAnswerAsync())!);
        Assert.Equal(2, gateway.Destination.Take().Count);
    }

    [Fact]
    public async Task Operators_are_served_where_they_belong()
    {
        using var connection = await RawConnection.OpenAsync(Admin);
        await connection.SendAsync(Text("GET /livez HTTP/1.1|Host: A", Admin));
        var answer = await connection.ReadAnswerAsync();
        Assert.Equal((200, "ok\n"), (answer!.Status, Encoding.ASCII.GetString(answer.Body)));
        Assert.NotNull(answer.Header("Content-Security-Policy"));
    }

    /// <summary>Every answer of the admin plane has the header; nothing else has.</summary>
    private static void AssertNotAdmin(RawAnswer answer)
    {
        Assert.Null(answer.Header("Content-Security-Policy"));
        Assert.DoesNotContain("blaze_build_info", Encoding.UTF8.GetString(answer.Body), StringComparison.Ordinal);
    }

    private static string Text(string head, Uri other)
    {
        var lines = head.Split('|');
        for (var i = 0; i < lines.Length; i++)
        {
            lines[i] = lines[i].Replace("http://A", "http://" + other.Authority, StringComparison.Ordinal)
                .Replace("CONNECT A", "CONNECT " + other.Authority, StringComparison.Ordinal)
                .Replace(": A", ": " + other.Authority, StringComparison.Ordinal)
                .Replace("host=A", "host=" + other.Authority, StringComparison.Ordinal)
                .Replace(":P", $":{other.Port}", StringComparison.Ordinal)
                .Replace(": P", $": {other.Port}", StringComparison.Ordinal);
        }

        return string.Join("\r\n", lines) + "\r\n\r\n";
    }
}

/// <summary>A gateway whose one route takes every path.</summary>
public sealed class OpenGateway : IAsyncLifetime
{
    internal RecordingDestination Destination { get; } = new();

    internal GatewayFixture Gateway { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([Destination.Address], cluster: "{}"));

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Destination.DisposeAsync();
    }
}
