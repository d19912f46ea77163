using System.Runtime.InteropServices;
using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Faults.Traffic;

/// <summary>One request that is due.</summary>
/// <param name="Bytes">Head and body.</param>
/// <param name="IsStream">Whether it asks for a stream.</param>
/// <param name="Tokens">Tokens of its answer.</param>
/// <param name="At">When it is due, seconds from the start of the load.</param>
/// <param name="Due">The same as a timestamp.</param>
/// <param name="Index">Which of the load it is, from 0.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DueRequest(byte[] Bytes, bool IsStream, int Tokens, double At, long Due, int Index);

/// <summary>The requests of a load, drawn by its seed: their bytes are made before it starts.</summary>
internal sealed class RequestMix
{
    private const int PromptBytes = 128;
    private readonly Arrivals _arrivals;
    private readonly byte[][][] _plain;
    private readonly byte[][][] _streams;

    public RequestMix(Uri url, string model, Arrivals arrivals)
    {
        byte[][] Bytes(int tokens, bool isStream) => RequestEncoder.Encode(
            new RequestOptions { Url = url, Model = model, Stream = isStream, PromptBytes = PromptBytes, MaxTokens = tokens, Headers = arrivals.Headers }, arrivals.Seed);
        _arrivals = arrivals;
        _plain = [.. arrivals.AnswerTokens.Select(tokens => Bytes(tokens, isStream: false))];
        _streams = [.. arrivals.AnswerTokens.Select(tokens => Bytes(tokens, isStream: true))];
    }

    /// <summary>One after the other, without an end. Each is due when it is told when that is.</summary>
    public IEnumerable<DueRequest> Draw()
    {
        var random = new Random(_arrivals.Seed);
        var lengths = _arrivals.AnswerTokens;
        for (var index = 0; ; index++)
        {
            var isStream = random.NextDouble() < _arrivals.StreamShare;
            var length = lengths.Count == 1 ? 0 : random.Next(lengths.Count);
            var bytes = (isStream ? _streams : _plain)[length];
            yield return new DueRequest(bytes[index % bytes.Length], isStream, lengths[length], index / _arrivals.Rate, 0, index);
        }
    }

    /// <summary>Sends as many as the arrivals have, each at its time. Holds the thread until the last is due.</summary>
    public List<Task<T>> Send<T>(long start, TimeProvider time, Func<DueRequest, Task<T>> send, CancellationToken cancellation)
    {
        var pacer = new Pacer(time);
        var sent = new List<Task<T>>(_arrivals.Count);
        foreach (var drawn in Draw().Take(_arrivals.Count))
        {
            if (cancellation.IsCancellationRequested)
            {
                break;
            }

            var one = drawn with { Due = start + (long)(drawn.At * time.TimestampFrequency) };
            while (time.GetTimestamp() < one.Due)
            {
                pacer.WaitUntil(one.Due);
            }

            sent.Add(Task.Run(() => send(one), cancellation));
        }

        return sent;
    }
}
