using System.Text;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Tests.Inference;

public sealed class StreamScannerTests
{
    public static TheoryData<string> Names => [.. StreamSamples.All.Select(sample => sample.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Sees_the_same_however_the_stream_is_cut(string name)
    {
        var sample = StreamSamples.All.Single(candidate => candidate.Name == name);
        var whole = sample.Scan([]);
        Assert.Equal(sample.Expected, whole);
        Assert.Equal(whole, sample.Scan(Enumerable.Range(1, sample.Bytes.Length - 1)));
        for (var cut = 1; cut < sample.Bytes.Length; cut++)
        {
            Assert.Equal(whole, sample.Scan([cut]));
        }

        var chance = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var cuts = Enumerable.Range(0, chance.Next(1, 9)).Select(_ => chance.Next(1, sample.Bytes.Length)).Distinct().Order();
            Assert.Equal(whole, sample.Scan(cuts));
        }
    }

    [Fact]
    public void Boundary_is_only_between_events()
    {
        const string Stream = "data: {\"a\":1}\n\n: ping\n\nevent: x\ndata: 2\n\n";
        var bytes = Encoding.UTF8.GetBytes(Stream);
        var scanner = new StreamScanner(Dialect.OpenAi);
        var boundaries = new List<int>();
        Assert.True(scanner.AtFrameBoundary);
        for (var i = 0; i < bytes.Length; i++)
        {
            scanner.Feed(bytes.AsSpan(i, 1));
            if (scanner.AtFrameBoundary)
            {
                boundaries.Add(i + 1);
            }
        }

        var first = Stream.IndexOf("\n\n", StringComparison.Ordinal) + 2;
        var comment = Stream.IndexOf(": ping\n", StringComparison.Ordinal) + ": ping\n".Length;
        Assert.Equal([first, comment, comment + 1, Stream.Length], boundaries);
    }

    [Fact]
    public void Boundary_of_lines_is_the_line_feed()
    {
        var scanner = new StreamScanner(Dialect.Ollama);
        Assert.True(scanner.AtFrameBoundary);
        scanner.Feed("{\"done\":"u8);
        Assert.False(scanner.AtFrameBoundary);
        scanner.Feed("false}\n"u8);
        Assert.True(scanner.AtFrameBoundary);
    }

    [Fact]
    public void A_line_of_a_mebibyte_is_read_without_memory()
    {
        var content = new string('x', 1 << 20);
        var bytes = Encoding.UTF8.GetBytes($"data: {{\"choices\":[{{\"delta\":{{\"content\":\"{content}\"}}}}]}}\n\n");
        StreamSamples.All[0].Scan([]);
        var scanner = new StreamScanner(Dialect.OpenAi);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var at = 0; at < bytes.Length; at += 4096)
        {
            scanner.Feed(bytes.AsSpan(at, Math.Min(4096, bytes.Length - at)));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1, scanner.ContentChunks);
    }

    [Fact]
    public void Allocates_nothing()
    {
        foreach (var sample in StreamSamples.All)
        {
            sample.Scan([]);
            var scanner = new StreamScanner(sample.Dialect);
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var b in sample.Bytes)
            {
                scanner.Feed([b]);
            }

            scanner.Complete();
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }
}
