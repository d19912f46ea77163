using System.Text;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Inference;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.Pipeline;

public sealed class ObservedStreamTests
{
    private static readonly StreamSample[] Streams = [.. StreamSamples.All.Where(sample => IsAnswer(sample.Dialect, sample.Bytes))];
    private static readonly Gen<(StreamSample Sample, int[] Sizes)> Cuts = Gen.Select(Gen.OneOf(Streams), Gen.Int[1, 40].Array[1, 30]);

    [Fact]
    public void Bytes_and_counts_are_the_same_however_the_stream_is_cut() => Cuts.Sample(
        cut =>
        {
            var room = new AnswerRoom(cut.Sample.Dialect, isStream: true);
            var (text, failure) = AnswerRoom.CopyAsync(room.Observe(new PiecesStream(cut.Sample.Bytes, cut.Sizes))).GetAwaiter().GetResult();
            Assert.Null(failure);
            Assert.Equal(cut.Sample.Text, text);
            Assert.Equal(AnswerEnd.Complete, room.Context.AnswerEnd);
            Assert.Equal(cut.Sample.Expected.Content, room.Context.Scanner.ContentChunks);
            Assert.Equal(cut.Sample.Expected.Usage, room.Context.Scanner.Usage);
            Assert.Equal(cut.Sample.Bytes.Length, room.Context.Record.BytesOut);
        },
        iter: 2000);

    /// <summary>
    /// The destination breaks after any number of bytes, and the stream fails. If what came before is whole frames, one error frame comes before that; before
    /// the first frame nothing was passed on at all.
    /// </summary>
    [Fact]
    public void However_a_stream_breaks_no_frame_is_glued_to_half_another() => Gen.Select(Cuts, Gen.Double[0, 1]).Sample(
        (cut, part) =>
        {
            var bytes = cut.Sample.Bytes[..(int)(part * cut.Sample.Bytes.Length)];
            var came = Encoding.Latin1.GetString(bytes);
            var room = new AnswerRoom(cut.Sample.Dialect, isStream: true);
            var output = new MemoryStream();
            var failure = Copy(room.Observe(new PiecesStream(bytes, cut.Sizes, breaks: true)), output);
            var text = Encoding.Latin1.GetString(output.ToArray());
            Assert.IsType<AnswerCutException>(failure);
            if (room.Context.AnswerEnd == AnswerEnd.BrokenAtFrame)
            {
                var error = cut.Sample.Dialect switch { Dialect.Ollama => "{\"error\":\"", Dialect.Anthropic => "event: error\ndata: {", _ => "data: {\"error\":{" };
                Assert.StartsWith(came + error, text, StringComparison.Ordinal);
                Assert.True(IsBoundary(cut.Sample.Dialect, came), came);
                return;
            }

            Assert.True(text.Length == 0 || text == came);
            Assert.True(text.Length == 0 || !IsBoundary(cut.Sample.Dialect, came), came);
            Assert.Equal(AnswerEnd.None, room.Context.AnswerEnd);
        },
        iter: 4000);

    /// <summary>Three chunks; the destination takes 1 s for the second, the client 20 s before it asks for the third.</summary>
    [Fact]
    public async Task Time_in_which_a_client_holds_a_stream_up_is_told_apart()
    {
        var time = new FakeTimeProvider();
        var room = new AnswerRoom(Dialect.OpenAi, isStream: true, time);
        var pipe = new System.IO.Pipelines.Pipe();
        var stream = room.Observe(pipe.Reader.AsStream());
        var buffer = new byte[1000];
        async Task ChunkAsync(double client, double server)
        {
            time.Advance(TimeSpan.FromSeconds(client));
            var waiting = stream.ReadAsync(Memory<byte>.Empty).AsTask();
            time.Advance(TimeSpan.FromSeconds(server));
            await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes(Scene.Event));
            Assert.Equal(0, await waiting);
            Assert.Equal(Scene.Event.Length, await stream.ReadAsync(buffer));
        }

        await ChunkAsync(0, 3);
        await ChunkAsync(0, 1);
        Assert.Equal((1, 0), (Seconds(room.Context.Record.Generation), Seconds(room.Context.Record.Held)));
        await ChunkAsync(20, 1);
        Assert.Equal((22, 20), (Seconds(room.Context.Record.Generation), Seconds(room.Context.Record.Held)));

        double Seconds(long ticks) => time.GetElapsedTime(0, ticks).TotalSeconds;
    }

    [Fact]
    public async Task A_stream_that_stands_still_is_given_up_at_its_limit_and_not_before()
    {
        var time = new FakeTimeProvider();
        using var sweep = new DeadlineSweep(time);
        var room = new AnswerRoom(Dialect.OpenAi, isStream: true, time);
        sweep.Add(room.Context.Deadline);
        var pipe = new System.IO.Pipelines.Pipe();
        var stream = room.Observe(pipe.Reader.AsStream());
        await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes(Scene.Event));
        var buffer = new byte[1000];
        Assert.Equal(Scene.Event.Length, await stream.ReadAsync(buffer));

        // However long the client takes to be written to, only waiting for the destination counts.
        time.Advance(10 * AnswerRoom.BetweenChunks);
        var waiting = stream.ReadAsync(Memory<byte>.Empty).AsTask();
        time.Advance(AnswerRoom.BetweenChunks - TimeSpan.FromTicks(1));
        Assert.False(waiting.IsCompleted);
        await pipe.Writer.WriteAsync(":\n\n"u8.ToArray());
        Assert.Equal(0, await waiting.Soon());
        Assert.Equal(3, await stream.ReadAsync(buffer));

        waiting = stream.ReadAsync(Memory<byte>.Empty).AsTask();
        time.Advance(AnswerRoom.BetweenChunks);
        Assert.Equal(0, await waiting.Soon());
        var read = await stream.ReadAsync(buffer);
        Assert.Contains("\"code\":\"upstream_stall\"", Encoding.ASCII.GetString(buffer, 0, read), StringComparison.Ordinal);
        await Assert.ThrowsAsync<AnswerCutException>(() => stream.ReadAsync(buffer).AsTask());
        Assert.Equal((Expiry.BetweenChunks, AnswerEnd.BrokenAtFrame), (room.Context.Deadline.Expired, room.Context.AnswerEnd));
    }

    [Fact]
    public async Task A_client_that_leaves_ends_a_read_that_waits()
    {
        using var leaving = new CancellationTokenSource();
        var room = new AnswerRoom(Dialect.OpenAi, isStream: true);
        var pipe = new System.IO.Pipelines.Pipe();
        var stream = room.Observe(pipe.Reader.AsStream(), leaving.Token);
        await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes(Scene.Event));
        Assert.Equal(Scene.Event.Length, await stream.ReadAsync(new byte[1000], leaving.Token));
        var waiting = stream.ReadAsync(new byte[1000], leaving.Token).AsTask();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Soon());
        Assert.Equal(AnswerEnd.None, room.Context.AnswerEnd);
    }

    private static IOException? Copy(Stream stream, MemoryStream output)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            while (true)
            {
                stream.ReadAsync(Memory<byte>.Empty).AsTask().GetAwaiter().GetResult();
                var read = stream.ReadAsync(buffer).AsTask().GetAwaiter().GetResult();
                if (read == 0)
                {
                    return null;
                }

                output.Write(buffer, 0, read);
            }
        }
        catch (IOException failure)
        {
            return failure;
        }
    }

    /// <summary>Told from the text alone: every line is ended, and every line since the last empty one is a comment.</summary>
    private static bool IsBoundary(Dialect dialect, string text)
    {
        if (dialect == Dialect.Ollama)
        {
            return text.EndsWith('\n');
        }

        if (!text.EndsWith('\n') && !text.EndsWith('\r'))
        {
            return false;
        }

        var lines = text.TrimStart('\u00EF', '\u00BB', '\u00BF').Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n')[..^1].Split('\n');
        return lines.Reverse().TakeWhile(line => line.Length > 0).All(line => line.StartsWith(':'));
    }

    private static bool IsAnswer(Dialect dialect, byte[] bytes) => FirstEvent.Classify(dialect, bytes, ended: true).Kind == FirstEventKind.Answer;
}
