using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.Simulation.Workloads;
using BlazeGateway.Policies.Inference;
using Chance = BlazeGateway.Demo.ModelServer.Answers.Chance;

namespace BlazeGateway.Demo.Simulation.Servers;

/// <summary>Prompts of a workload as an engine sees them: equal beginnings have equal block hashes.</summary>
internal static class Prompts
{
    /// <summary>The prompt of <paramref name="request"/> in blocks of <paramref name="blockTokens"/> tokens.</summary>
    public static Prompt Of(WorkloadRequest request, int blockTokens)
    {
        var hashes = new ulong[request.PromptTokens / blockTokens];
        Chain(request, 1, blockTokens, hashes, out var hash);
        return new Prompt(request.PromptTokens, hashes, hash);
    }

    /// <summary>The prompt's blocks as a gateway sees them, in bytes; as many as there is room for.</summary>
    public static int Fingerprint(WorkloadRequest request, double bytesPerToken, Span<ulong> blocks) =>
        Chain(request, bytesPerToken, PromptFingerprint.BlockBytes, blocks, out _);

    private static int Chain(WorkloadRequest request, double units, int block, Span<ulong> hashes, out ulong hash)
    {
        var (filled, next) = (0, 0);
        hash = 0;
        foreach (var part in request.Parts)
        {
            var length = (int)(part.Tokens * units);
            for (var offset = 0; offset < length && next < hashes.Length;)
            {
                var taken = Math.Min(block - filled, length - offset);
                hash = Chance.Mix(hash ^ part.Seed, ((ulong)offset << 32) | (uint)taken);
                offset += taken;
                filled += taken;
                if (filled == block)
                {
                    hashes[next++] = hash;
                    filled = 0;
                }
            }
        }

        return next;
    }
}
