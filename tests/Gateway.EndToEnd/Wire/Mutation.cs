using System.Text;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Valid requests with a few things wrong, drawn from a seed, so that each number always gives the same bytes.</summary>
internal static class Mutation
{
    private static readonly byte[][] Valid =
    [
        Bytes(WireCase.Get()),
        Bytes(WireCase.Get("/plain/a%20b?c=d", "Cookie: a=b; c=d\r\nAccept: */*\r\nConnection: keep-alive, X-A\r\nX-A: 1\r\n")),
        Bytes(WireCase.Ask("Authorization: Bearer x\r\nX-Request-Id: abc\r\n")),
        Bytes(WireCase.Ask("Transfer-Encoding: chunked\r\n", WireCase.Chunk(end: "\r\n0\r\nX-Late: a\r\n\r\n"))),
        Bytes(WireCase.Post("Transfer-Encoding: chunked\r\n", "3;a=b\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n")),
        Bytes(WireCase.Ask("Expect: 100-continue\r\n")),
        Bytes(WireCase.Get() + WireCase.Ask() + WireCase.Get("/v1/models")),
        Bytes(WireCase.Get(headers: "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")),
        [.. Http2Client.Preface, .. Http2Client.Frame(Http2Client.Settings, 0, 0, []), .. Http2Client.Frame(Http2Client.Headers, 5, 1, Http2Client.Block(Http2Client.Request()))],
        [
            .. Http2Client.Preface, .. Http2Client.Frame(Http2Client.Settings, 0, 0, Http2Client.SettingsPayload((4, 100_000))),
            .. Http2Client.Frame(Http2Client.Headers, 4, 1, Http2Client.Block(Http2Client.Request("POST", "/v1/chat/completions", ("content-type", "application/json")))),
            .. Http2Client.Frame(Http2Client.Data, 1, 1, Bytes(WireCase.Chat)), .. Http2Client.Frame(Http2Client.Ping, 0, 0, new byte[8]),
            .. Http2Client.Frame(Http2Client.Headers, 5, 3, Http2Client.Block(Http2Client.Request(path: "/plain/y"))),
        ],
    ];

    private static readonly byte[][] Words =
    [
        [.. "\r\n"u8], [.. "\n"u8], [.. "\r"u8], [0], [.. ":"u8], [.. " "u8], [.. "\t"u8], [.. "%"u8], [.. "%00"u8], [.. "%2e%2e/"u8], [.. "//"u8], [.. "\\"u8], [0xff], [0xc3, 0xa9], [0x7f],
        [.. "Content-Length: 5\r\n"u8], [.. "Content-Length: +5\r\n"u8], [.. "Transfer-Encoding: chunked\r\n"u8], [.. "Transfer-Encoding: x\r\n"u8], [.. "Host: evil\r\n"u8],
        [.. "99999999999999999999"u8], [.. "-1"u8], [.. "0x10"u8], [.. "\r\n\r\n"u8], [.. "0\r\n\r\n"u8], [.. "HTTP/1.1"u8], [.. "HTTP/1.0"u8], [.. "X-Blaze-Error: a\r\n"u8],
        [.. "{\"model\":\"m\"}"u8], [.. "\"model\""u8], [0, 0, 0, 4, 0, 0, 0, 0, 0], [0xff, 0xff, 0xff], Bytes(new string('A', 9000)),
    ];

    /// <summary>The bytes of this number.</summary>
    public static byte[] Of(int number)
    {
        var chance = new Random(number);
        var bytes = new List<byte>(Valid[chance.Next(Valid.Length)]);
        for (var count = chance.Next(1, 5); count > 0; count--)
        {
            Mutate(bytes, chance);
        }

        return [.. bytes];
    }

    private static void Mutate(List<byte> bytes, Random chance)
    {
        if (bytes.Count < 2)
        {
            bytes.AddRange(Words[chance.Next(Words.Length)]);
            return;
        }

        var at = chance.Next(bytes.Count);
        var length = chance.Next(1, Math.Min(32, bytes.Count - at) + 1);
        switch (chance.Next(7))
        {
            case 0:
                bytes[at] ^= (byte)(1 << chance.Next(8));
                break;
            case 1:
                bytes[at] = (byte)chance.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 4:
                bytes.InsertRange(at, Words[chance.Next(Words.Length)]);
                break;
            case 5:
                var part = bytes.GetRange(at, length);
                bytes.RemoveRange(at, length);
                bytes.InsertRange(chance.Next(bytes.Count + 1), part);
                break;
            default:
                bytes.RemoveRange(at, chance.Next(4) == 0 ? bytes.Count - at : 1);
                break;
        }
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
