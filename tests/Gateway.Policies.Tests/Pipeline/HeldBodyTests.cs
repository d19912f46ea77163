using System.Net;
using System.Net.Sockets;
using System.Text;
using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>What bodies that are held cost: what is there and no longer than it may be needed.</summary>
public sealed class HeldBodyTests
{
    private static readonly RouteExtensions Inference = new() { Inference = true };

    [Fact]
    public async Task A_body_that_is_only_announced_keeps_nobody_out()
    {
        await using var destination = await HeldDestination.StartAsync();
        destination.Open();
        await using var host = await PipelineHost.StartAsync(destination, Inference, configure: options => options.MaxBufferedBytes = 1 << 20);
        var waiting = new List<Socket>();
        for (var i = 0; i < 5; i++)
        {
            waiting.Add(await AnnounceAsync(host, 1_000_000, Encoding.ASCII.GetBytes("{\"model\":")));
        }

        await PipelineHost.UntilAsync(() => host.Bodies.Reserved >= 5 * 10);
        Assert.InRange(host.Bodies.Reserved, 50, 5 * BodyBuffer.BlockBytes);
        Assert.Equal((HttpStatusCode.OK, ""), await host.AskAsync("/v1/chat/completions", body: """{"model":"m","messages":[]}"""));
        waiting.ForEach(socket => socket.Dispose());
        await PipelineHost.UntilAsync(() => host.Bodies.Reserved == 0);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task Bodies_are_held_up_to_the_budget(int over, bool fits)
    {
        await using var destination = await HeldDestination.StartAsync();
        destination.Open();
        await using var host = await PipelineHost.StartAsync(destination, Inference, configure: options => options.MaxBufferedBytes = 1 << 20);
        Assert.True(host.Bodies.TryReserve((1 << 20) - BodyBuffer.BlockBytes + over));
        var body = """{"model":"m","messages":[{"role":"user","content":""" + '"' + new string('x', BodyBuffer.BlockBytes - 200) + "\"}]}";
        Assert.Equal(
            fits ? (HttpStatusCode.OK, "") : (HttpStatusCode.ServiceUnavailable, "buffer_exhausted"),
            await host.AskAsync("/v1/chat/completions", body: body.PadRight(BodyBuffer.BlockBytes)));
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(100, true)]
    public async Task A_body_has_its_time_to_come(int milliseconds, bool ends)
    {
        var time = new FakeTimeProvider();
        await using var destination = await HeldDestination.StartAsync();
        destination.Open();
        await using var host = await PipelineHost.StartAsync(destination, Inference with { RequestBody = new() { ReadTimeout = TimeSpan.FromSeconds(7) } }, time: time);
        using var socket = await AnnounceAsync(host, 27, Encoding.ASCII.GetBytes("{\"model\":"));
        await PipelineHost.UntilAsync(() => host.Bodies.Reserved > 0);
        time.Advance(TimeSpan.FromSeconds(7) + TimeSpan.FromMilliseconds(milliseconds));
        if (!ends)
        {
            await socket.SendAsync("\"m\",\"messages\":[}]"u8.ToArray());
        }

        Assert.StartsWith(ends ? "HTTP/1.1 408 " : "HTTP/1.1 400 ", await HeadAsync(socket), StringComparison.Ordinal);
        await PipelineHost.UntilAsync(() => host.Records.Count == 1);
        Assert.Equal(ends ? "request_timeout" : "malformed_json", host.Records.Single().ErrorCode);
    }

    [Fact]
    public async Task A_body_is_let_go_when_its_answer_goes_to_the_client()
    {
        await using var destination = new ScriptedDestination();
        await using var host = await PipelineHost.StartAsync([PipelineHost.Route("all", "/{**rest}", Inference)], [WireHost.Cluster("llm", destination.Address)]);
        var sending = host.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new ByteArrayContent(Scene.Body(stream: true, length: 800_000)) }, HttpCompletionOption.ResponseHeadersRead);
        var exchange = await destination.NextAsync();
        await exchange.Body.Soon();
        Assert.InRange(host.Bodies.Reserved, 800_000, 1_000_000);
        await exchange.BeginEventsAsync();
        await exchange.ChunkAsync(Scene.Event);
        using var answer = await sending;
        await PipelineHost.UntilAsync(() => host.Bodies.Reserved == 0);
        await exchange.ChunkAsync("data: [DONE]\n\n");
        await exchange.EndAsync();
        Assert.Equal(Scene.Event + "data: [DONE]\n\n", await answer.Content.ReadAsStringAsync());
    }

    private static async Task<Socket> AnnounceAsync(PipelineHost host, int length, byte[] begin)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, host.Http.BaseAddress!.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"));
        await socket.SendAsync(begin);
        return socket;
    }

    private static async Task<string> HeadAsync(Socket socket)
    {
        var buffer = new byte[1024];
        var count = await socket.ReceiveAsync(buffer).Soon();
        return Encoding.ASCII.GetString(buffer, 0, count);
    }
}
