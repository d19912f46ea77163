using System.Text;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>The clock is not read more often than needed: a read costs tens of nanoseconds, and a request has many chunks.</summary>
public sealed class ClockReadsTests
{
    [Fact]
    public async Task A_chunk_costs_two_reads_and_a_request_few()
    {
        const int Chunks = 20;
        var time = new CountingTime();
        await using var destination = new ScriptedDestination();
        await using var host = await PipelineHost.StartAsync(
            [PipelineHost.Route("all", "/{**rest}", new() { Inference = true })],
            [ExtensionsCarrier.Attach(WireHost.Cluster("llm", destination.Address), FailoverScene.Calm)],
            time: time);
        for (var round = 0; round < 2; round++)
        {
            var before = time.Reads;
            using var request = new HttpRequestMessage(HttpMethod.Post, Scene.Chat) { Content = new ByteArrayContent(FailoverScene.Body(more: "\"stream\":true,")) };
            request.Content.Headers.ContentType = new("application/json");
            var sending = host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            var exchange = await destination.NextAsync();
            await exchange.BeginEventsAsync();
            await exchange.ChunkAsync(Scene.Event);
            using var answer = await sending;
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
            await EventAsync(reader);
            var begun = time.Reads;
            for (var i = 0; i < Chunks; i++)
            {
                await exchange.ChunkAsync(Scene.Event);
                await EventAsync(reader);
            }

            var chunks = time.Reads - begun;
            await exchange.EndAsync();
            Assert.Equal("", await reader.ReadToEndAsync());
            await PipelineHost.UntilAsync(() => host.Records.Count == round + 1);
            var whole = time.Reads - before - chunks;
            TestContext.Current.SendDiagnosticMessage($"{whole} reads a request, {chunks} for {Chunks} chunks");

            // The wait for the first of them, or for what comes after the last, may be counted with either.
            Assert.InRange(chunks, (2 * Chunks) - 1, (2 * Chunks) + 1);
            Assert.InRange(whole, 5, 12);
        }
    }

    private static async Task EventAsync(StreamReader reader)
    {
        var text = new StringBuilder();
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            text.Append(line);
        }

        Assert.NotEqual(0, text.Length);
    }

    private sealed class CountingTime : FakeTimeProvider
    {
        private int _reads;

        public int Reads => Volatile.Read(ref _reads);

        public override long GetTimestamp()
        {
            Interlocked.Increment(ref _reads);
            return base.GetTimestamp();
        }
    }
}
