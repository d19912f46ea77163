using System.Buffers;
using System.Text;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Pipeline.Body;
using CsCheck;

namespace BlazeGateway.Policies.Tests.Pipeline;

public sealed class ReplayStreamTests
{
    private static readonly Gen<(string Text, int[] At, string[] Inserted, int[] Reads)> Bodies = Gen.Select(
        Gen.String[Gen.Char.AlphaNumeric, 2, 300], Gen.Int[0, 1000].Array[2], Gen.String[Gen.Char.AlphaNumeric, 0, 20].Array[2], Gen.Int[1, 64].Array[1, 20]);

    /// <summary>Whatever is replaced, wherever it stands and however it is read, what is sent is the text with the replacements.</summary>
    [Fact]
    public void Splices_are_made_wherever_the_reads_are_cut() => Bodies.Sample(body =>
    {
        var (first, second) = (body.At[0] % body.Text.Length, body.At[1] % body.Text.Length);
        (first, second) = first < second ? (first, second) : (second, first);
        var removed = (second - first) / 2;
        var splices = new BodySplices();
        splices.Add(second, 0, Encoding.ASCII.GetBytes(body.Inserted[1]));
        if (second > first)
        {
            splices.Add(first, removed, Encoding.ASCII.GetBytes(body.Inserted[0]));
        }

        var expected = body.Text.Insert(second, body.Inserted[1]);
        expected = second > first ? expected.Remove(first, removed).Insert(first, body.Inserted[0]) : expected;
        var stream = new ReplayStream();
        for (var attempt = 0; attempt < 2; attempt++)
        {
            stream.Rewind(new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(body.Text)), splices);
            Assert.Equal(expected, ReadAll(stream, body.Reads));
        }

        Assert.Equal(body.Text.Length + splices.Growth, expected.Length);
    });

    [Fact]
    public async Task A_context_whose_body_was_left_half_read_serves_no_other_request()
    {
        var context = new AnswerRoom(Dialect.OpenAi, isStream: true).Context;
        Fill(context, "the body of the first request");
        var replay = context.Rewind();
        Assert.Equal(5, await replay.ReadAsync(new byte[5]));
        Assert.True(replay.IsHalfRead);

        // Another attempt gets a stream of its own; the one that is still being read goes on undisturbed.
        var again = context.Rewind();
        Assert.NotSame(replay, again);
        Assert.Equal("the body of the first request", ReadAll(again, [7]));
        Assert.Equal("ody of the first request", ReadAll(replay, [4]));

        var half = context.Rewind();
        Assert.Equal(5, await half.ReadAsync(new byte[5]));
        Assert.False(context.End());
        Assert.Equal("ody of the first request", ReadAll(half, [4]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_context_whose_body_was_read_whole_or_not_at_all_serves_the_next(bool isRead)
    {
        var context = new AnswerRoom(Dialect.OpenAi, isStream: true).Context;
        Fill(context, "body");
        var replay = context.Rewind();
        if (isRead)
        {
            ReadAll(replay, [3]);
        }

        Assert.True(context.End());
        Assert.Equal("", ReadAll(replay, [3]));
    }

    private static void Fill(RequestContext context, string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        bytes.CopyTo(context.Body.Free(bytes.Length));
        context.Body.Advance(bytes.Length);
    }

    private static string ReadAll(ReplayStream stream, int[] sizes)
    {
        var text = new StringBuilder();
        for (var i = 0; ; i++)
        {
            var buffer = new byte[sizes[i % sizes.Length]];
            var read = stream.Read(buffer.AsSpan());
            if (read == 0)
            {
                return text.ToString();
            }

            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
    }
}
