using static BlazeGateway.EndToEnd.Wire.WireCase;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>How long a body is: everything two parsers could disagree on.</summary>
internal static class FramingCases
{
    private const string Chunked = "Transfer-Encoding: chunked\r\n";
    private const string Ambiguous = "ambiguous_framing";

    public static IEnumerable<WireCase> All => [.. Sound(), .. LengthAndEncoding(), .. Encodings(), .. Lengths(), .. Chunks(), .. Trailers()];

    private static IEnumerable<WireCase> Sound()
    {
        yield return Passes("a length", Ask(), seen => Assert.Equal((Chat, Chat.Length.ToString()), (seen.Body, seen.Header("Content-Length"))));
        yield return Passes("a chunk", Ask(Chunked, Chunk()), seen => Assert.Equal(Chat, seen.Body));
        yield return Passes("a chunk with an extension", Ask(Chunked, Chunk($"{Chat.Length:x};a=b\r\n")), seen => Assert.Equal(Chat, seen.Body));
        yield return Passes("a chunk in capitals", Ask(Chunked, Chunk($"{Chat.Length:X}\r\n")), seen => Assert.Equal(Chat, seen.Body));
        yield return Passes("a chunk with leading zeros", Ask(Chunked, Chunk($"000{Chat.Length:x}\r\n")), seen => Assert.Equal(Chat, seen.Body));
        yield return Passes("an encoding in capitals", Ask("Transfer-Encoding: CHUNKED\r\n", Chunk()), seen => Assert.Equal(Chat, seen.Body));
        yield return Passes("an encoding after a tab", Ask("Transfer-Encoding:\tchunked \r\n", Chunk()), seen => Assert.Equal(Chat, seen.Body));
        yield return Passes("chunks that stream", Post(Chunked, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), seen => Assert.Equal(("abcde", "chunked"), (seen.Body, seen.Header("Transfer-Encoding"))));
        yield return Passes("no body", Post("Content-Length: 0\r\n", ""), seen => Assert.Equal("", seen.Body));
        yield return Passes("a GET with a body", "GET /plain/x HTTP/1.1\r\nHost: gateway\r\nContent-Length: 3\r\n\r\nabc", seen => Assert.Equal("abc", seen.Body));
        yield return new WireCase("two requests at once", Get() + Get("/plain/y"), 200, 200);
        yield return new WireCase("a body and a request at once", Ask() + Get(), 200, 200);
        yield return new WireCase("three requests at once with chunks between", Get() + Ask(Chunked, Chunk()) + Get(), 200, 200, 200);
        yield return Passes("a body that waits to be asked for", Ask($"Expect: 100-continue\r\nContent-Length: {Chat.Length}\r\n", Chat));
    }

    private static IEnumerable<WireCase> LengthAndEncoding()
    {
        yield return Refused("length, then encoding", Ask($"Content-Length: {Chat.Length}\r\n{Chunked}", Chunk()), 400, Ambiguous);
        yield return Refused("encoding, then length", Ask($"{Chunked}Content-Length: 5\r\n", Chunk()), 400, Ambiguous);
        yield return Refused("length 0 and encoding", Ask($"Content-Length: 0\r\n{Chunked}", Chunk()), 400, Ambiguous);
        yield return Refused("length, encoding and a request behind", Post($"Content-Length: 6\r\n{Chunked}", "0\r\n\r\n" + Get("/plain/smuggled")), 400, Ambiguous);
        yield return Refused("a forged X-Content-Length", Post($"X-Content-Length: 3\r\n{Chunked}", "0\r\n\r\n"), 400, Ambiguous);
    }

    private static IEnumerable<WireCase> Encodings()
    {
        foreach (var value in new[] { "xchunked", "chunked, identity", "\x0bchunked", "\"chunked\"", "chunked;q=1", "", "chunkedchunked", "gzip", "identity", "chunked\x0c" })
        {
            yield return Breaks($"encoding '{value.Replace('\x0b', 'V').Replace('\x0c', 'F')}'", Post($"Transfer-Encoding: {value}\r\n", "3\r\nabc\r\n0\r\n\r\n"));
        }

        foreach (var value in new[] { "identity, chunked", "gzip, chunked", "chunked, chunked", ",chunked", "cow, chunked" })
        {
            yield return Refused($"encoding '{value}'", Post($"Transfer-Encoding: {value}\r\n", "3\r\nabc\r\n0\r\n\r\n"), 400, Ambiguous);
        }

        yield return Refused("two encodings", Post(Chunked + Chunked, "3\r\nabc\r\n0\r\n\r\n"), 400, Ambiguous);
        yield return Refused("an encoding and another", Post("Transfer-Encoding: identity\r\n" + Chunked, "3\r\nabc\r\n0\r\n\r\n"), 400, Ambiguous);
        yield return Breaks("a space before the colon", Post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"));
        yield return Breaks("an encoding on the next line", Post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"));
        yield return Refused("an encoding in HTTP/1.0", Post(Chunked, "3\r\nabc\r\n0\r\n\r\n", "HTTP/1.0"), 400, Ambiguous);
        yield return Passes("an encoding under another name", Post("Transfer_Encoding: chunked\r\nContent-Length: 3\r\n", "abc"), seen => Assert.Equal("abc", seen.Body));
    }

    private static IEnumerable<WireCase> Lengths()
    {
        foreach (var value in new[] { "+3", "-3", "0x3", "18446744073709551619", "9223372036854775808", "", "3, 3", "3 3", "3;", "1e1", "3.0", "\xb3", "\xd9\xa3", "00000000000000000003" })
        {
            yield return Breaks($"length '{value.Replace("\xb3", "³").Replace("\xd9\xa3", "arabic 3")}'", Post($"Content-Length: {value}\r\n", "abc"));
        }

        yield return Breaks("one length twice", Post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"));
        yield return Breaks("two lengths", Post("Content-Length: 3\r\nContent-Length: 4\r\n", "abc"));
        yield return Breaks("a length before a space and a colon", Post("Content-Length : 3\r\n", "abc"));
        yield return Passes("a length with leading zeros", Post("Content-Length: 003\r\n", "abc"), seen => Assert.Equal(("abc", "3"), (seen.Body, seen.Header("Content-Length"))));
        yield return Passes("a length in another case", Post("cOnTeNt-lEnGtH: 3\r\n", "abc"), seen => Assert.Equal("abc", seen.Body));
        yield return Breaks("a plus in another case", Post("cOnTeNt-lEnGtH: +3\r\n", "abc"));
        yield return new WireCase("a length too short", Post("Content-Length: 1\r\n", "abc\r\n\r\n"), 200, 400) { Closes = true };
        yield return new WireCase("a length too long", Ask($"Content-Length: {Chat.Length + 1}\r\n", Chat), 400) { Finishes = true, Closes = true, Code = Ambiguous, OrSilence = true };
    }

    private static IEnumerable<WireCase> Chunks()
    {
        var bad = new (string Name, string Body)[]
        {
            ("a bare LF after the size", Chunk($"{Chat.Length:x}\n")),
            ("a bare LF after the data", Chunk(end: "\n0\r\n\r\n")),
            ("a bare LF at the end", Chunk(end: "\r\n0\n\n")),
            ("an extension with a bare LF", Chunk($"{Chat.Length:x};a\n") + "0\r\n\r\n"),
            ("an extension with a bare CR", Chunk($"{Chat.Length:x};a\rb\r\n")),
            ("a size with a prefix", Chunk($"0x{Chat.Length:x}\r\n")),
            ("a negative size", Chunk($"-{Chat.Length:x}\r\n")),
            ("a size beyond all numbers", Chunk("FFFFFFFFFFFFFFFFF\r\n")),
            ("a size that wraps", Chunk($"1000000000000000{Chat.Length:x}\r\n")),
            ("a size with a space", Chunk($"{Chat.Length:x} \r\n")),
            ("a size after a space", Chunk($" {Chat.Length:x}\r\n")),
            ("no size", Chunk("\r\n")),
            ("data longer than its size", Chunk(end: "xx\r\n0\r\n\r\n")),
            ("a size in a quoted extension", Chunk($"{Chat.Length:x};a=\"\n0\n\"\r\n")),
        };
        foreach (var (name, body) in bad)
        {
            yield return new WireCase($"chunks: {name}", Ask(Chunked, body), 400) { Code = Ambiguous, Closes = true };
            yield return new WireCase($"chunks that stream: {name}", Post(Chunked, body, path: Streaming), 400) { Code = Ambiguous, Closes = true };
        }

        yield return new WireCase("chunks without an end", Ask(Chunked, Chunk(end: "\r\n")), 400) { Finishes = true, Closes = true, Code = Ambiguous, OrSilence = true };
    }

    private static IEnumerable<WireCase> Trailers()
    {
        static void HasNone(RecordedRequest seen) => Assert.Equal((Chat, null, null), (seen.Body, seen.Header("Authorization"), seen.Header("X-Late")));
        yield return Passes("a trailer with a length", Ask(Chunked, Chunk(end: "\r\n0\r\nContent-Length: 5\r\n\r\n")), HasNone);
        yield return Passes("a trailer with a credential", Ask(Chunked, Chunk(end: "\r\n0\r\nAuthorization: Bearer x\r\nX-Late: y\r\n\r\n")), HasNone);
        yield return Passes("a trailer announced", Ask("Trailer: X-Late\r\n" + Chunked, Chunk(end: "\r\n0\r\nX-Late: y\r\n\r\n")), HasNone);
        yield return Passes("a trailer on a stream", Post(Chunked, Chunk(end: "\r\n0\r\nTransfer-Encoding: chunked\r\nX-Late: y\r\n\r\n")), HasNone);
        yield return new WireCase("a trailer with a bare LF", Ask(Chunked, Chunk(end: "\r\n0\r\nX-Late: y\n\r\n")), 400) { Closes = true, Code = Ambiguous };
        yield return new WireCase("a trailer without a colon", Ask(Chunked, Chunk(end: "\r\n0\r\nX-Late\r\n\r\n")), 400) { Closes = true, Code = Ambiguous };
    }
}
