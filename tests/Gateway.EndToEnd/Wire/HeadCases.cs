using static BlazeGateway.EndToEnd.Wire.WireCase;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>The head: how its lines end, what stands in them, how large it is.</summary>
internal static class HeadCases
{
    public static IEnumerable<WireCase> All => [.. LineEnds(), .. Fields(), .. Versions(), .. Hosts(), .. Sizes(), .. NoHttp()];

    private static IEnumerable<WireCase> LineEnds()
    {
        yield return Breaks("bare LF throughout", "GET /plain/x HTTP/1.1\nHost: gateway\n\n");
        yield return Breaks("a bare LF after the request line", "GET /plain/x HTTP/1.1\nHost: gateway\r\n\r\n");
        yield return Breaks("a bare LF after a header", "GET /plain/x HTTP/1.1\r\nHost: gateway\nX-A: b\r\n\r\n");
        yield return Breaks("a bare LF inside a value", Get(headers: "X-A: a\nX-B: b\r\n"));
        yield return Breaks("a bare LF that hides an encoding", Post("X-A: a\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n", "abc"));
        yield return Breaks("a bare LF as the last line", "GET /plain/x HTTP/1.1\r\nHost: gateway\r\n\n");
        yield return new WireCase("a bare LF in the second request", Get() + "GET /plain/y HTTP/1.1\r\nHost: gateway\nX: y\r\n\r\n", 200, 400) { Closes = true };
        yield return Breaks("a bare CR inside a value", Get(headers: "X-A: a\rb\r\n"));
        yield return Breaks("a bare CR as a line's end", Get(headers: "X-A: a\rX-B: b\r\n"));
        yield return Breaks("a CR too many", Get(headers: "X-A: a\r\r\n"));
        yield return Refused("a CR in the path", "GET /plain/x\r HTTP/1.1\r\nHost: gateway\r\n\r\n", 400, "invalid_path");
        yield return Refused("a CR in the query", "GET /plain/x?a=\r HTTP/1.1\r\nHost: gateway\r\n\r\n", 400, "invalid_path");
        yield return Refused("a bell in the path", "GET /plain/\a HTTP/1.1\r\nHost: gateway\r\n\r\n", 400, "invalid_path");
        yield return Breaks("a CR in the method", "GE\rT /plain/x HTTP/1.1\r\nHost: gateway\r\n\r\n");
        yield return Breaks("a CR in the version", "GET /plain/x HTTP/1.1\r\r\nHost: gateway\r\n\r\n");
        yield return Passes("an empty line before the request", "\r\n" + Get());
    }

    private static IEnumerable<WireCase> Fields()
    {
        yield return Passes("blanks around a value", Get(headers: "X-A: \t a b \t \r\n"), seen => Assert.Equal("a b", seen.Header("X-A")));
        yield return Passes("an empty value", Get(headers: "X-A:\r\n"), seen => Assert.Equal("", seen.Header("X-A")));
        yield return Breaks("a null in a value", Get(headers: "X-A: a\0b\r\n"));
        yield return Breaks("a null in a name", Get(headers: "X-\0A: a\r\n"));
        yield return Breaks("a null in the request line", "GET /plain/\0x HTTP/1.1\r\nHost: gateway\r\n\r\n");
        yield return Breaks("a space in a name", Get(headers: "X A: a\r\n"));
        yield return Breaks("a space after a name", Get(headers: "X-A : a\r\n"));
        yield return Breaks("an empty name", Get(headers: ": a\r\n"));
        yield return Breaks("no colon", Get(headers: "X-A\r\n"));
        yield return Breaks("a value on the next line", Get(headers: "X-A: a\r\n b\r\n"));
        yield return Breaks("a first header that begins with a space", "GET /plain/x HTTP/1.1\r\n X-A: a\r\nHost: gateway\r\n\r\n");
        yield return Breaks("a name beyond ASCII", Get(headers: "X-\xc3\xa9: a\r\n"));
        yield return Breaks("a value that is not UTF-8", Get(headers: "X-A: \xe9\r\n"));
        yield return Passes("a name that is no name", Get(headers: "X\"(A: a\r\n"), seen => Assert.DoesNotContain(seen.Headers, header => header.Key.StartsWith("X\"", StringComparison.Ordinal)));
        yield return Refused("UTF-8 in a value", Get(headers: "X-A: \xc3\xa9\r\n"), 400, "invalid_header");
        foreach (var (name, control) in new[] { ("a bell", '\a'), ("a delete", '\x7f'), ("an escape", '\x1b'), ("a vertical tab", '\v') })
        {
            yield return Refused($"{name} in a value", Get(headers: $"X-A: a{control}b\r\n"), 400, "invalid_header");
        }

        yield return Refused("a delete in the content type", Post("Content-Type: a/\x7f-b\r\nContent-Length: 3\r\n", "abc"), 400, "invalid_header");
        yield return Passes("a tab in a value", Get(headers: "X-A: a\tb\r\n"), seen => Assert.Equal("a\tb", seen.Header("X-A")));
        yield return Refused("UTF-8 in a value of a completion", Ask("X-A: caf\xc3\xa9\r\n"), 400, "invalid_header");
        yield return Refused("UTF-8 in the content type", Post("Content-Type: a/\xc3\xa9\r\nContent-Length: 3\r\n", "abc"), 400, "invalid_header");
        yield return Refused("UTF-8 in a cookie", Get(headers: "Cookie: a=\xc3\xa9\r\n"), 400, "invalid_header");
        yield return Refused("UTF-8 line separators in a value", Get(headers: "X-A: a\xe2\x80\xa8X-B: b\r\n"), 400, "invalid_header");
    }

    private static IEnumerable<WireCase> Versions()
    {
        yield return new WireCase("HTTP/1.0", Get(version: "HTTP/1.0"), 200) { Closes = true };
        yield return Passes("HTTP/1.0 that wants to go on", Get(version: "HTTP/1.0", headers: "Connection: keep-alive\r\n"));
        yield return new WireCase("HTTP/1.0 without a host", "GET /plain/x HTTP/1.0\r\n\r\n", 200) { Closes = true };
        yield return Breaks("HTTP/1.2", Get(version: "HTTP/1.2"), 505);
        yield return Breaks("HTTP/2.0", Get(version: "HTTP/2.0"), 505);
        yield return Breaks("HTTP/1.10", Get(version: "HTTP/1.10"));
        yield return Breaks("http/1.1", Get(version: "http/1.1"), 505);
        yield return Breaks("HTTP/0.9", "GET /plain/x\r\n\r\n");
        yield return new WireCase("a client that ends the connection", Get(headers: "Connection: close\r\n"), 200) { Closes = true };
    }

    private static IEnumerable<WireCase> Hosts()
    {
        yield return Breaks("no host", "GET /plain/x HTTP/1.1\r\n\r\n");
        yield return Breaks("two hosts", "GET /plain/x HTTP/1.1\r\nHost: gateway\r\nHost: gateway\r\n\r\n");
        yield return Breaks("a host with a space", "GET /plain/x HTTP/1.1\r\nHost: a b\r\n\r\n");
        yield return Breaks("a host with a slash", "GET /plain/x HTTP/1.1\r\nHost: a/b\r\n\r\n");
        yield return Breaks("a host with an at sign", "GET /plain/x HTTP/1.1\r\nHost: a@b\r\n\r\n");
        yield return Breaks("a host list", "GET /plain/x HTTP/1.1\r\nHost: a, b\r\n\r\n");
        yield return Passes("the whole address as target", "GET http://gateway/plain/x HTTP/1.1\r\nHost: gateway\r\n\r\n", seen => Assert.Equal("/plain/x", seen.Target));
        yield return Breaks("another address as target", "GET http://other/plain/x HTTP/1.1\r\nHost: gateway\r\n\r\n");
        yield return Refused("an address with a name in front", "GET http://user@gateway/plain/x HTTP/1.1\r\nHost: gateway\r\n\r\n", 400, "invalid_path");
        yield return Refused("an address with an escaped way out", "GET http://gateway/plain/%2f..%2f..%2fadmin HTTP/1.1\r\nHost: gateway\r\n\r\n", 400, "invalid_path");
        yield return Refused("an address with a way out", "GET http://gateway/plain/../admin HTTP/1.1\r\nHost: gateway\r\n\r\n", 404, "route_not_found");
        yield return Breaks("CONNECT", "CONNECT gateway:443 HTTP/1.1\r\nHost: gateway\r\n\r\n");
        yield return Breaks("a GET of an authority", "GET gateway:443 HTTP/1.1\r\nHost: gateway:443\r\n\r\n", 405);
        yield return Breaks("a GET of an asterisk", "GET * HTTP/1.1\r\nHost: gateway\r\n\r\n", 405);
        yield return Refused("a CONNECT that fits its host", "CONNECT gateway:443 HTTP/1.1\r\nHost: gateway:443\r\n\r\n", 404, "route_not_found");
        yield return Refused("OPTIONS of an asterisk", "OPTIONS * HTTP/1.1\r\nHost: gateway\r\n\r\n", 404, "route_not_found");
    }

    private static IEnumerable<WireCase> Sizes()
    {
        yield return Breaks("a header of 64 KiB", Get(headers: $"X-A: {new string('a', 65536)}\r\n"), 431);
        yield return Breaks("300 headers", Get(headers: string.Concat(Enumerable.Range(0, 300).Select(i => $"X-{i}: a\r\n"))), 431);
        yield return Breaks("a target of 16 KiB", Get("/plain/" + new string('a', 16384)), 414);
        yield return Breaks("a method of 16 KiB", new string('A', 16384) + " /plain/x HTTP/1.1\r\nHost: gateway\r\n\r\n", 414);
    }

    private static IEnumerable<WireCase> NoHttp()
    {
        yield return Breaks("TLS on a clear port", "\x16\x03\x01\0\xa5\x01\0\0\xa1\x03\x03" + new string('\x7f', 32) + "\n");
        yield return Breaks("noise", "\xff\xfe\x80\x01garbage\r\n\r\n");
        yield return Breaks("an SSH greeting", "SSH-2.0-OpenSSH_9.0\r\n");
        yield return Breaks("a line of blanks", "   \r\n\r\n");
        yield return new WireCase("nothing", "") { Finishes = true, Closes = true };
        yield return Breaks("half a head", "GET /plain/x HTTP/1.1\r\nHost: gate") with { Finishes = true, OrSilence = true };
    }
}
