using System.Text;
using BenchmarkDotNet.Attributes;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Benchmarks.Micro;

/// <summary>What looking at one event of a stream costs; 0 B promised.</summary>
[MemoryDiagnoser]
[MedianColumn]
[InProcess]
[WarmupCount(3)]
[IterationCount(15)]
[IterationTime(50)]
public class StreamScannerBenchmarks
{
    private static readonly byte[] _openAi = Encoding.UTF8.GetBytes(
        "data: {\"id\":\"chatcmpl-9f8d7c6b5a4e3d2c1b0a\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"demo-small\","
        + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n");

    private static readonly byte[] _anthropic = Encoding.UTF8.GetBytes(
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" token\"}}\n\n");

    private static readonly byte[] _ollama = Encoding.UTF8.GetBytes(
        "{\"model\":\"llama3\",\"created_at\":\"2025-01-01T00:00:00.000000Z\",\"message\":{\"role\":\"assistant\",\"content\":\" token\"},\"done\":false}\n");

    private StreamScanner _scanner;
    private byte[] _event = [];

    /// <summary>Dialect of the stream.</summary>
    [Params("OpenAi", "Anthropic", "Ollama")]
    public string Speaks { get; set; } = "";

    /// <summary>Chooses the event.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var dialect = Enum.Parse<Dialect>(Speaks);
        _scanner = new StreamScanner(dialect);
        _event = dialect switch
        {
            Dialect.Anthropic => _anthropic,
            Dialect.Ollama => _ollama,
            _ => _openAi,
        };
    }

    /// <summary>One event with one token.</summary>
    [Benchmark]
    public bool Feed() => _scanner.Feed(_event) == StreamMarks.Content;
}
