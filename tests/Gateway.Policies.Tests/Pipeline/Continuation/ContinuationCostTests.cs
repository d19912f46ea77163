using System.Text;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Policies.Tests.Pipeline.Continuation;

/// <summary>A route that does not ask for it pays nothing.</summary>
public sealed class ContinuationCostTests
{
    private const int Chunks = 1000;
    private static readonly byte[] Chunk = Encoding.UTF8.GetBytes(ContinuationScene.Text("one"));

    [Fact]
    public async Task A_stream_is_watched_by_nothing_more_and_allocates_nothing_more()
    {
        var room = new AnswerRoom(Dialect.OpenAi, isStream: true);
        using var content = new ObservedContent(new StreamContent(new Same()), room.Context, isStream: true, isRewritten: false);
        var stream = await content.ReadAsStreamAsync(TestContext.Current.CancellationToken);

        // The very stream there was before: no wrapper, nothing that is kept, nothing to look for text with.
        Assert.IsType<ObservedStream>(stream);
        Assert.Null(room.Context.Continuation);
        // Without optimization a read allocates its state; what counts is what comes on top.
        var before = new AnswerRoom(Dialect.OpenAi, isStream: true).Observe(new Same());
        var (least, own) = (long.MaxValue, long.MaxValue);
        for (var round = 0; round < 5; round++)
        {
            (least, own) = (Math.Min(least, Read(stream)), Math.Min(own, Read(before)));
        }

        Assert.Equal(0, least - own);
        Assert.Null(room.Context.Continuation);
    }

    private static long Read(Stream stream)
    {
        var buffer = new byte[4096];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Chunks; i++)
        {
            var reading = stream.ReadAsync(buffer);
            if (!reading.IsCompletedSuccessfully || reading.Result == 0)
            {
                return long.MaxValue;
            }
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>The same event for ever.</summary>
    private sealed class Same : ReadOnlyStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Chunk.CopyTo(buffer);
            return new(Chunk.Length);
        }
    }
}
