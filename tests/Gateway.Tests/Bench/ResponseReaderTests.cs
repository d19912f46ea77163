using System.Text;
using BlazeGateway.Bench;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Tests.Bench;

public class ResponseReaderTests
{
    public static TheoryData<string, int, long, bool> Complete => new()
    {
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, 5, true },
        { "HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", 200, 0, true },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", 200, 15, true },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n001\r\nh\r\n0\r\nTrailer: a\r\nOther: b\r\n\r\n", 200, 1, true },
        { "HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", 503, 2, false },
        { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", 200, 1, true },
        { "HTTP/1.1 204 No Content\r\n\r\n", 204, 0, true },
        { "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 304, 0, true },
        { "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 200, 1, false },
    };

    [Theory]
    [MemberData(nameof(Complete))]
    public void Reads_a_response_wherever_it_is_split(string text, int status, long bytes, bool keepsAlive)
    {
        var data = Encoding.ASCII.GetBytes(text);
        for (var split = 0; split < data.Length; split++)
        {
            using var body = new BodyObserver(Dialect.OpenAi, isStream: false, computesHash: false);
            var reader = new ResponseReader();
            reader.Reset();

            Assert.Equal(ReadState.More, reader.Feed(data.AsSpan(0, split), body));
            Assert.Equal(ReadState.Done, reader.Feed(data.AsSpan(split), body));
            Assert.Equal((status, bytes, keepsAlive), (reader.Status, body.Bytes, reader.KeepAlive));
        }
    }

    [Fact]
    public void Reads_byte_by_byte_and_again_after_reset()
    {
        using var body = new BodyObserver(Dialect.OpenAi, isStream: false, computesHash: false);
        var reader = new ResponseReader();
        foreach (var (text, status, bytes, _) in Complete.Select(row => row.Data))
        {
            reader.Reset();
            body.Reset();
            var state = ReadState.More;
            foreach (var value in Encoding.ASCII.GetBytes(text))
            {
                Assert.Equal(ReadState.More, state);
                state = reader.Feed([value], body);
            }

            Assert.Equal(ReadState.Done, state);
            Assert.Equal((status, bytes), (reader.Status, body.Bytes));
        }
    }

    [Theory]
    [InlineData("HTTP/2 200 OK\r\nA: b\r\n\r\n")]
    [InlineData("HTTP/1.1 abc OK\r\n\r\n")]
    [InlineData("garbage, not a response\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab")]
    public void Refuses_what_is_not_a_response(string text)
    {
        using var body = new BodyObserver(Dialect.OpenAi, isStream: false, computesHash: false);

        Assert.Equal(ReadState.Malformed, new ResponseReader().Feed(Encoding.ASCII.GetBytes(text), body));
    }

    [Fact]
    public void A_head_longer_than_the_limit_is_refused()
    {
        using var body = new BodyObserver(Dialect.OpenAi, isStream: false, computesHash: false);
        string Head(int length) => "HTTP/1.1 204 OK\r\nA: ".PadRight(length - 4, 'x') + "\r\n\r\n";
        ReadState InTwo(string text)
        {
            var reader = new ResponseReader();
            reader.Feed(Encoding.ASCII.GetBytes(text[..100]), body);
            return reader.Feed(Encoding.ASCII.GetBytes(text[100..]), body);
        }

        Assert.Equal(ReadState.Done, InTwo(Head((32 * 1024) - 1)));
        Assert.Equal(ReadState.Done, InTwo(Head(32 * 1024)));
        Assert.Equal(ReadState.Malformed, InTwo(Head((32 * 1024) + 1)));
    }

    [Fact]
    public void A_body_without_length_ends_with_the_connection()
    {
        using var body = new BodyObserver(Dialect.OpenAi, isStream: false, computesHash: false);
        var reader = new ResponseReader();

        Assert.Equal(ReadState.More, reader.Feed("HTTP/1.1 200 OK\r\n\r\nsome"u8, body));
        Assert.Equal(ReadState.Done, reader.Close());
        Assert.Equal((4L, false), (body.Bytes, reader.KeepAlive));
    }

    [Fact]
    public void A_body_cut_before_its_length_is_not_done()
    {
        using var body = new BodyObserver(Dialect.OpenAi, isStream: false, computesHash: false);
        var reader = new ResponseReader();
        reader.Feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nRetry-After: 7\r\n\r\nsom"u8, body);

        Assert.Equal(ReadState.More, reader.Close());
        Assert.Equal("7", reader.RetryAfter);
    }

    [Fact]
    public void A_head_request_has_no_body()
    {
        using var body = new BodyObserver(Dialect.OpenAi, isStream: false, computesHash: false);

        Assert.Equal(ReadState.Done, new ResponseReader { IsBodiless = true }.Feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"u8, body));
    }
}
