using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace BlazeGateway.Demo.Simulation.Workloads;

/// <summary>
/// Requests of a scenario, drawn from a seed: equal options and seeds give equal requests, so that strategies are compared by the same ones. They come
/// whether or not earlier ones were answered, as those of many independent clients do.
/// </summary>
internal static class Workload
{
    /// <summary>The requests that come within <paramref name="seconds"/>, in their order.</summary>
    public static IReadOnlyList<WorkloadRequest> Create(WorkloadOptions options, double seconds, int seed)
    {
        // Arrivals and lengths have chances of their own: at another rate the same requests come sooner or later, and none is another.
        var (arrivals, lengths) = (new Random(seed), new Random(seed ^ 0x5EED));
        var requests = new List<WorkloadRequest>();
        var at = 0.0;
        for (var index = 0; (at += Exponential(arrivals, 1 / options.Rate)) < seconds; index++)
        {
            if (options.Sessions is { } sessions)
            {
                Converse(options, sessions, new Conversation(index, at, seconds, Seed(seed, index, 0)), requests);
            }
            else
            {
                var prompt = new PromptPart(Seed(seed, index, 0), Length(lengths, options.Prompt));
                requests.Add(new WorkloadRequest(at, -1, [prompt], Length(lengths, options.Answer)));
            }
        }

        return [.. requests.OrderBy(static request => request.At)];
    }

    private static void Converse(WorkloadOptions options, SessionOptions sessions, Conversation conversation, List<WorkloadRequest> requests)
    {
        var chance = new Random((int)conversation.Seed);
        var parts = new List<PromptPart>();
        if (sessions.SystemTokens > 0)
        {
            parts.Add(new PromptPart((ulong)chance.Next(sessions.SystemPrompts) + 1, sessions.SystemTokens));
        }

        var at = conversation.At;
        for (var turn = 0; at < conversation.Until; turn++)
        {
            parts.Add(new PromptPart(conversation.Seed + (2 * (ulong)turn), Length(chance, options.Prompt)));
            var answer = Length(chance, options.Answer);
            requests.Add(new WorkloadRequest(at, conversation.Index, [.. parts], answer));
            parts.Add(new PromptPart(conversation.Seed + (2 * (ulong)turn) + 1, answer));
            at += Exponential(chance, sessions.Pause);
            if (chance.NextDouble() < 1 / sessions.Turns)
            {
                return;
            }
        }
    }

    private static double Exponential(Random random, double mean) => -Math.Log(1 - random.NextDouble()) * mean;

    private static int Length(Random random, LengthOptions options)
    {
        // Box and Muller's way from even chances to normal ones.
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return (int)Math.Clamp(Math.Round(options.Median * Math.Exp(options.Sigma * normal)), 1, options.Max);
    }

    private static ulong Seed(int seed, int index, int part) =>
        XxHash3.HashToUInt64(MemoryMarshal.AsBytes<int>([seed, index, part]));

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Conversation(int Index, double At, double Until, ulong Seed);
}
