using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Benchmarks.Micro;

/// <summary>What reading a request body costs, fingerprint included. Promised: 0 B; 220 KB of plain text ≤ 0.1 ms, of escapes ≤ 0.75 ms (medians).</summary>
[MemoryDiagnoser]
[MedianColumn]
[InProcess]
[WarmupCount(3)]
[IterationCount(15)]
[IterationTime(50)]
public class BodyPeekBenchmarks
{
    private const int Length = 220 * 1024;

    private readonly ulong[] _blocks = new ulong[PromptFingerprint.MaxBlocks];
    private ReadOnlySequence<byte> _body;

    /// <summary>Shape of the prompt.</summary>
    [Params("chat 1 KB", "plain", "prose", "chinese", "escaped newlines", "escaped unicode", "token numbers", "brackets", "spaces")]
    public string Prompt { get; set; } = "";

    /// <summary>Builds the body in segments of 64 KiB.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var bytes = Encoding.UTF8.GetBytes("{\"model\":\"meta-llama/Llama-3.1-8B-Instruct\",\"stream\":true,\"max_tokens\":256," + Content() + "}");
        Segment first = new(default, null);
        var last = first;
        foreach (var chunk in bytes.Chunk(64 * 1024))
        {
            last = new Segment(chunk, last);
        }

        _body = new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    /// <summary>Facts and fingerprint.</summary>
    [Benchmark]
    public int Read()
    {
        var result = BodyPeek.Read(_body, Operation.ChatCompletions, out var facts);
        return result.IsOk ? PromptFingerprint.Compute(_body, facts, _blocks) : throw new InvalidOperationException(result.Message);
    }

    private string Content() => Prompt switch
    {
        "chat 1 KB" => Message(Fill("The quick brown fox jumps over the lazy dog. ", 900)),
        "plain" => Message(Fill("The quick brown fox jumps over the lazy dog. ", Length)),
        "prose" => Message(Fill("It was the best of times, it was the worst of times, it was the age of \\\"wisdom\\\"\\n", Length)),
        "chinese" => Message(Fill("北国风光，千里冰封，万里雪飘。", Length / 3)),
        "escaped newlines" => Message(Fill("\\n", Length)),
        "escaped unicode" => Message(Fill("\\u5317", Length)),
        "token numbers" => "\"prompt\":[" + Fill("12345,678,9,", Length - 12) + "0]",
        "brackets" => "\"x\":[" + Fill("[],{},", Length - 6) + "0]",
        _ => "\"x\":[" + new string(' ', Length) + "]",
    };

    private static string Message(string content) =>
        "\"messages\":[{\"role\":\"system\",\"content\":\"You are helpful.\"},{\"role\":\"user\",\"content\":\"" + content + "\"}]";

    private static string Fill(string text, int length) => string.Concat(Enumerable.Repeat(text, length / text.Length));

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
