using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>An answer that the model server breaks off raises in every library, as it does without the gateway. It never looks complete.</summary>
public sealed class BrokenStreamTests
{
    public static TheoryData<string, string> Cuts
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var cut in new[] { "fin=after:3", "rst=after:3", "fin=mid:4", "rst=mid:4" })
            {
                data.Add(cut, "chat");
                data.Add(cut, "responses");
                data.Add(cut, "messages");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_stream_that_is_cut_raises(string cut, string path)
    {
        await using var ways = await TwoWays.StartAsync();
        ways.Server.SetFault($"{cut};path=/v1/{path}");
        foreach (var address in new[] { ways.Direct, ways.Through })
        {
            var got = 0;
            await Failure.OfAsync(() => path switch
            {
                "chat" => OpenAiCalls.ChatStreamAsync(address, onUpdate: () => got++),
                "responses" => OpenAiCalls.ResponseStreamAsync(address, onUpdate: () => got++),
                _ => AnthropicCalls.StreamAsync(address, onEvent: () => got++),
            });

            // Message streams have a ping among the first events, which the library keeps to itself.
            Assert.True(got >= 2, $"The user got {got} parts before {address} broke off.");
        }

        // It counts as what it was, and not as a client that left.
        var metrics = (await ways.Gateway.Admin.GetStringAsync("/metrics")).Split('\n');
        Assert.Contains(metrics, line => line.StartsWith("blaze_requests_total{", StringComparison.Ordinal) && line.EndsWith("outcome=\"stream_broken\"} 1", StringComparison.Ordinal));
        Assert.DoesNotContain(metrics, line => line.Contains("outcome=\"client_canceled\"", StringComparison.Ordinal));
        await ways.IdleAsync();
    }

    [Theory]
    [InlineData("fin=bytes:40")]
    [InlineData("rst=bytes:40")]
    public async Task An_answer_in_one_piece_that_is_cut_raises(string cut)
    {
        await using var ways = await TwoWays.StartAsync();
        ways.Server.SetFault($"{cut};path=/v1/chat,{cut};path=/v1/messages");
        foreach (var address in new[] { ways.Direct, ways.Through })
        {
            await Failure.OfAsync(() => OpenAiCalls.ChatAsync(address));
            await Failure.OfAsync(() => AnthropicCalls.MessageAsync(address));
        }
    }

    [Theory]
    [InlineData("fin=after:3", true)]
    [InlineData("fin=mid:4", false)]
    public async Task Everything_before_the_cut_arrives_and_no_end_of_the_body(string cut, bool betweenEvents)
    {
        await using var ways = await TwoWays.StartAsync();
        ways.Server.SetFault($"{cut};path=/v1/chat");
        var direct = await RawAsync(ways.Direct);
        var through = await RawAsync(ways.Through);

        var frames = direct.Split("\r\n").Where(line => line.StartsWith("data: ", StringComparison.Ordinal) || line.StartsWith('{')).ToArray();
        Assert.True(frames.Length >= 3);
        Assert.All(frames, frame => Assert.Contains(frame, through, StringComparison.Ordinal));
        Assert.Equal(betweenEvents, through.Contains("\"code\":\"upstream_reset\"", StringComparison.Ordinal));
        Assert.DoesNotContain("[DONE]", through, StringComparison.Ordinal);
        Assert.DoesNotContain("\r\n0\r\n", through, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fin=after:3")]
    [InlineData("rst=mid:4")]
    public async Task A_client_that_speaks_http2_sees_its_stream_reset(string cut)
    {
        await using var ways = await TwoWays.StartAsync();
        ways.Server.SetFault($"{cut};path=/v1/chat");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent("""{"model":"demo-small","stream":true,"messages":[{"role":"user","content":"Hello"}]}"""),
        };
        using var answer = await ways.Gateway.Proxy.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpVersion.Version20, answer.Version);
        await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.ReadAsStringAsync());
    }

    /// <summary>Everything a socket receives until the other side closes it, which it must do in good order: a reset could overtake the last bytes.</summary>
    private static async Task<string> RawAsync(Uri address)
    {
        const string Body = """{"model":"demo-small","stream":true,"messages":[{"role":"user","content":"Hello"}]}""";
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address.Host, address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body}"));
        using var received = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await socket.ReceiveAsync(buffer)) > 0;)
        {
            received.Write(buffer, 0, read);
        }

        return Encoding.UTF8.GetString(received.ToArray());
    }
}
