using static BlazeGateway.EndToEnd.Wire.WireCase;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Headers that tell a destination who asks and on whose behalf: what a client may say and what it may not.</summary>
internal static class ForwardingCases
{
    public static IEnumerable<WireCase> All => [.. Hops(), .. Claims(), .. Credentials(), .. Upgrades(), .. Contents()];

    private static IEnumerable<WireCase> Hops()
    {
        yield return Passes("a header nominated for this hop", Get(headers: "Connection: close-to-me, X-A\r\nX-A: a\r\nX-B: b\r\n"), seen => Assert.Equal((null, "b"), (seen.Header("X-A"), seen.Header("X-B"))));
        yield return Passes("nominated on two lines", Get(headers: "Connection: X-A\r\nConnection: X-B\r\nX-A: a\r\nX-B: b\r\n"), seen => Assert.Equal((null, null), (seen.Header("X-A"), seen.Header("X-B"))));
        yield return Passes("a client that wants our headers gone", Get(headers: "Connection: X-Forwarded-For, Authorization, Host, X-Request-Id\r\nAuthorization: Bearer a\r\nX-Request-Id: r-1\r\n"), seen =>
        {
            Assert.Equal(("127.0.0.1", "Bearer a", "r-1"), (seen.Header("X-Forwarded-For"), seen.Header("Authorization"), seen.Header("X-Request-Id")));
            Assert.NotNull(seen.Header("Host"));
        });
        yield return Passes("headers of one hop", Get(headers: "Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\nProxy-Authorization: Basic x\r\n"), seen => Assert.DoesNotContain(
            seen.Headers, header => header.Key is "Keep-Alive" or "Proxy-Connection" or "TE" or "Proxy-Authorization" or "Connection"));
        yield return Passes("a content header nominated for this hop", Post("Connection: Content-Type\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n", "abc"), seen => Assert.Equal(("abc", "text/plain"), (seen.Body, seen.Header("Content-Type"))));
    }

    private static IEnumerable<WireCase> Claims()
    {
        yield return Passes("a forged chain of proxies", Get(headers: "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /evil\r\nForwarded: for=6.6.6.6\r\n"), seen =>
            Assert.Equal(("127.0.0.1", "gateway", "http", null, null), (seen.Header("X-Forwarded-For"), seen.Header("X-Forwarded-Host"), seen.Header("X-Forwarded-Proto"), seen.Header("X-Forwarded-Prefix"), seen.Header("Forwarded"))));
        foreach (var name in new[] { "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Original-URL", "X-Rewrite-URL", "X-Envoy-External-Address", "X-Forwarded-Port", "X-Forwarded-User", "x-real-ip" })
        {
            yield return Passes($"a forged {name}", Get(headers: $"{name}: 6.6.6.6\r\n"), seen => Assert.Null(seen.Header(name)));
        }

        yield return Passes("the gateway's own headers", Get(headers: "X-Blaze-Destination: d\r\nx-blaze-anything: e\r\nX-BLAZE-ERROR: f\r\n"), seen =>
            Assert.DoesNotContain(seen.Headers, header => header.Key.StartsWith("X-Blaze-", StringComparison.OrdinalIgnoreCase))) with
        {
            Answers = answer => Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("X-Blaze-", StringComparison.OrdinalIgnoreCase)),
        };
        yield return Passes("the gateway's own headers of a completion", Ask("X-Blaze-Destination: d\r\n"), seen => Assert.Null(seen.Header("X-Blaze-Destination"))) with
        {
            Answers = answer => Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("X-Blaze-", StringComparison.OrdinalIgnoreCase)),
        };
        yield return Passes("a request id that is sound", Get(headers: "X-Request-Id: abc-1\r\n"), seen => Assert.Equal("abc-1", seen.Header("X-Request-Id")));
        yield return Passes("a request id that is not", Get(headers: "X-Request-Id: a b<script>\r\n"), seen => Assert.Matches("^[0-9a-v]{26}$", seen.Header("X-Request-Id")));
        yield return Passes("two request ids", Get(headers: "X-Request-Id: a\r\nX-Request-Id: b\r\n"), seen => Assert.Matches("^[0-9a-v]{26}$", seen.Header("X-Request-Id")));
        yield return Passes("baggage", Get(headers: "baggage: a=b\r\nCorrelation-Context: c=d\r\n"), seen => Assert.Equal((null, null), (seen.Header("baggage"), seen.Header("Correlation-Context"))));
    }

    private static IEnumerable<WireCase> Credentials()
    {
        yield return Passes("credentials of a completion", Ask("Authorization: Bearer a\r\nx-api-key: b\r\napi-key: c\r\n"), seen =>
            Assert.Equal((null, null, null), (seen.Header("Authorization"), seen.Header("x-api-key"), seen.Header("api-key"))));
        yield return Passes("credentials elsewhere", Get(headers: "Authorization: Bearer a\r\n"), seen => Assert.Equal("Bearer a", seen.Header("Authorization")));
    }

    private static IEnumerable<WireCase> Upgrades()
    {
        const string WebSocket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        yield return Passes("HTTP/2 by upgrade", Get(headers: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), seen =>
            Assert.Equal((null, null, null), (seen.Header("Upgrade"), seen.Header("Connection"), seen.Header("HTTP2-Settings"))));
        yield return Passes("an upgrade to something else", Get(headers: "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n"), seen => Assert.Null(seen.Header("Upgrade")));
        yield return new WireCase("a request behind an upgrade that is not accepted", Get(headers: WebSocket) + Get("/plain/y"), 200, 200)
        {
            Forwards = seen => Assert.Equal(("websocket", ""), (seen.Header("Upgrade"), seen.Body)),
        };
        yield return new WireCase("bytes behind an upgrade that is not accepted", Get(headers: WebSocket) + "\x81\x05hello\r\n\r\n", 200, 400) { Closes = true };
    }

    private static IEnumerable<WireCase> Contents()
    {
        foreach (var encoding in new[] { "gzip", "br", "deflate", "zstd", "identity", "gzip, gzip" })
        {
            yield return Refused($"a completion in {encoding}", Ask($"Content-Encoding: {encoding}\r\n"), 415, "unsupported_encoding");
        }

        yield return Passes("a compressed body elsewhere", Post("Content-Encoding: gzip\r\nContent-Length: 3\r\n", "abc"), seen => Assert.Equal(("gzip", "abc"), (seen.Header("Content-Encoding"), seen.Body)));
        yield return Passes("an encoding that is wished for", Ask("Accept-Encoding: gzip\r\n"));
    }
}
