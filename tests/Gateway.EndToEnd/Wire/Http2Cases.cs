using System.Text;
using static BlazeGateway.EndToEnd.Wire.Http2Client;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Requests and frames HTTP/2 does not allow, and a few that it does.</summary>
internal static class Http2Cases
{
    private const string Protocol = "GOAWAY 1";
    private const byte Whole = EndStream | EndHeaders;

    public static IEnumerable<Http2Case> All => [.. Sound(), .. Fields(), .. Lengths(), .. Frames()];

    private static Http2Case Passes(string name, Action<RecordedRequest> forwards, params byte[][] frames) => new(name, "200", frames) { Forwards = forwards };

    private static byte[] Head(params (string, string)[] fields) => Frame(Headers, Whole, 1, Block(fields));

    private static byte[] Open(params (string, string)[] fields) => Frame(Headers, EndHeaders, 1, Block(fields));

    private static byte[] Last(string text) => Frame(Data, EndStream, 1, Encoding.Latin1.GetBytes(text));

    private static IEnumerable<Http2Case> Sound()
    {
        yield return Passes("a GET", seen => Assert.Equal(("GET", "/plain/x"), (seen.Method, seen.Target)), Head(Request()));
        yield return Passes("a completion", seen => Assert.Equal(WireCase.Chat, seen.Body), Open(Request("POST", "/v1/chat/completions")), Last(WireCase.Chat));
        yield return Passes("a head in pieces", seen => Assert.Equal("a", seen.Header("x-a")),
            Frame(Headers, EndStream, 1, Block(Request())), Frame(Continuation, EndHeaders, 1, Block(("x-a", "a"))));
        yield return Passes("padding", seen => Assert.Equal("/plain/x", seen.Target), Frame(Headers, Whole | 8, 1, [2, .. Block(Request()), 0, 0]));
        yield return Passes("cookies in crumbs", seen => Assert.Equal("a=1; b=2", seen.Header("cookie")), Head(Request(more: [("cookie", "a=1"), ("cookie", "b=2")])));
        yield return Passes("a host beside the authority", seen => Assert.Equal("gateway", seen.Header("X-Forwarded-Host")), Head(Request(more: ("host", "other"))));
        yield return Passes("trailers", seen => Assert.Equal(("abc", null), (seen.Body, seen.Header("authorization"))),
            Open(Request("POST")), Frame(Data, 0, 1, "abc"u8), Frame(Headers, Whole, 1, Block(("authorization", "Bearer x"))));
    }

    private static IEnumerable<Http2Case> Fields()
    {
        yield return new("a line end in a value", Protocol, Head(Request(more: ("x-a", "a\r\nX-B: b"))));
        yield return new("a line feed in a value", Protocol, Head(Request(more: ("x-a", "a\nb"))));
        yield return new("a null in a value", Protocol, Head(Request(more: ("x-a", "a\0b"))));
        yield return new("a line end in the path", Protocol, Head(Request(path: "/plain/x\r\nX-B: b")));
        yield return new("a space in the path", "400", Head(Request(path: "/plain/x HTTP/1.1")));
        yield return new("a byte beyond ASCII in the path", "400|RST 1", Head(Request(path: "/plain/\xc3\xbc")));
        yield return new("a line end in the method", "RST 1|" + Protocol, Head(Request("GET\r\nX-B: b")));
        yield return new("a line end in the authority", "400|RST 1|" + Protocol, Head((":method", "GET"), (":scheme", "http"), (":path", "/plain/x"), (":authority", "a\r\nX-B: b")));
        yield return new("a name in capitals", Protocol, Head(Request(more: ("X-A", "a"))));
        yield return new("connection", Protocol, Head(Request(more: ("connection", "close"))));
        yield return new("a method twice", Protocol, Head([(":method", "GET"), .. Request()]));
        yield return new("a pseudo field nobody knows", Protocol, Head(Request(more: (":x", "a"))));
        yield return new("a pseudo field behind others", Protocol, Head((":method", "GET"), (":scheme", "http"), ("x-a", "a"), (":path", "/plain/x")));
        yield return new("no method", "RST 1", Head((":scheme", "http"), (":path", "/plain/x")));
        yield return new("no path", "RST 1", Head((":method", "GET"), (":scheme", "http")));
        yield return new("a path that is none", "RST 1|400", Head(Request(path: "plain")));
        yield return new("te other than trailers", Protocol, Head(Request(more: ("te", "gzip"))));
        yield return new("a status", Protocol, Head(Request(more: (":status", "200"))));
        yield return new("another scheme", "RST 1", Head((":method", "GET"), (":scheme", "https"), (":authority", "gateway"), (":path", "/plain/x")));
        yield return new("UTF-8 in a value", "400", Head(Request(more: ("x-a", "\xc3\xa9"))));
        yield return new("TRACE", "405", Head(Request("TRACE")));
        yield return new("CONNECT", "405|404|400|RST 1", Head((":method", "CONNECT"), (":authority", "gateway:443")));
        yield return new("CONNECT to something else than a WebSocket", "405", Head(Request("CONNECT", more: (":protocol", "masque"))));
        yield return new("a backslash in the path", "400", Head(Request(path: "/plain/..\\admin")));
        yield return new("a way out in the path", "404", Head(Request(path: "/plain/../admin")));
        yield return Passes("a line end in a name", HasNoSmuggled, Head(Request(more: ("x-a\r\nx-smuggled", "a"))));
        yield return Passes("a colon in a name", HasNoSmuggled, Head(Request(more: ("x-smuggled: a\r\nx", "a"))));
        yield return Passes("the gateway's own headers", seen => Assert.Null(seen.Header("x-blaze-destination")), Head(Request(more: ("x-blaze-destination", "d"))));
        yield return new("more headers than allowed", "431|GOAWAY 11|" + Protocol, Head(Request(more: [.. Enumerable.Range(0, 300).Select(i => ($"x-{i}", "a"))])));
    }

    private static IEnumerable<Http2Case> Lengths()
    {
        yield return new("an encoding", "400", Open(Request("POST", more: ("transfer-encoding", "chunked"))), Last("abc"));
        yield return new("an encoding of a completion", "400", Open(Request("POST", "/v1/chat/completions", ("transfer-encoding", "chunked"))), Last(WireCase.Chat));
        yield return new("a length with a plus", Protocol, Open(Request("POST", more: ("content-length", "+3"))), Last("abc"));
        yield return new("two lengths", Protocol, Open(Request("POST", more: [("content-length", "3"), ("content-length", "4")])), Last("abc"));
        yield return new("a length too short", "RST 1|400", Open(Request("POST", "/v1/chat/completions", ("content-length", "3"))), Last(WireCase.Chat));
        yield return new("a length too long", "RST 1|400", Open(Request("POST", "/v1/chat/completions", ("content-length", "300"))), Last(WireCase.Chat));
        yield return new("a length without a body", "RST 1|400", Head(Request("POST", "/v1/chat/completions", ("content-length", "3"))));
        yield return new("a completion in gzip", "415", Open(Request("POST", "/v1/chat/completions", ("content-encoding", "gzip"))), Last(WireCase.Chat));
    }

    private static IEnumerable<Http2Case> Frames()
    {
        yield return new("a stream of the server's", Protocol, Frame(Headers, Whole, 2, Block(Request())));
        yield return new("headers on stream 0", Protocol, Frame(Headers, Whole, 0, Block(Request())));
        yield return new("data on stream 0", Protocol, Frame(Data, 0, 0, "abc"u8));
        yield return new("data on a stream nobody opened", Protocol, Frame(Data, 0, 1, "abc"u8));
        yield return new("a push", Protocol, Frame(Push, EndHeaders, 1, [0, 0, 0, 2]));
        yield return new("an increment of nothing", Protocol, Frame(WindowUpdate, 0, 0, Number(0)));
        yield return new("a window beyond its limit", "GOAWAY 3", Frame(WindowUpdate, 0, 0, Number(int.MaxValue)));
        yield return new("a frame too large", "GOAWAY 6", Frame(Data, 0, 1, new byte[16385]));
        yield return new("a ping of the wrong size", "GOAWAY 6", Frame(Ping, 0, 0, [1, 2, 3]));
        yield return new("settings of the wrong size", "GOAWAY 6", Frame(Settings, 0, 0, [1, 2, 3]));
        yield return new("a setting out of range", "GOAWAY 3", Frame(Settings, 0, 0, SettingsPayload((4, uint.MaxValue))));
        yield return new("a continuation of nothing", Protocol, Frame(Continuation, EndHeaders, 1, Block(Request())));
        yield return new("another frame inside a head", Protocol, Frame(Headers, EndStream, 1, Block(Request())), Frame(Ping, 0, 0, new byte[8]));
        yield return new("padding longer than the frame", Protocol, Frame(Headers, Whole | 8, 1, [255, .. Block(Request())]));
        yield return new("a table index nobody filled", "GOAWAY 9", Frame(Headers, Whole, 1, [0xff, 0xff, 0x03]));
        yield return new("a stream that depends on itself", Protocol, Frame(Priority, 0, 1, [0, 0, 0, 1, 16]));
    }

    private static void HasNoSmuggled(RecordedRequest seen) =>
        Assert.DoesNotContain(seen.Headers, header => header.Key.Contains("smuggled", StringComparison.OrdinalIgnoreCase));
}
