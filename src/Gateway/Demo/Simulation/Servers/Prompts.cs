using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.Simulation.Workloads;
using Chance = BlazeGateway.Demo.ModelServer.Answers.Chance;

namespace BlazeGateway.Demo.Simulation.Servers;

/// <summary>Prompts of a workload as an engine sees them: equal beginnings have equal block hashes.</summary>
internal static class Prompts
{
    /// <summary>The prompt of <paramref name="request"/> in blocks of <paramref name="blockTokens"/> tokens.</summary>
    public static Prompt Of(WorkloadRequest request, int blockTokens)
    {
        var hashes = new ulong[request.PromptTokens / blockTokens];
        var (hash, filled, next) = (0UL, 0, 0);
        foreach (var part in request.Parts)
        {
            for (var offset = 0; offset < part.Tokens && next < hashes.Length;)
            {
                var taken = Math.Min(blockTokens - filled, part.Tokens - offset);
                hash = Chance.Mix(hash ^ part.Seed, ((ulong)offset << 32) | (uint)taken);
                offset += taken;
                filled += taken;
                if (filled == blockTokens)
                {
                    hashes[next++] = hash;
                    filled = 0;
                }
            }
        }

        return new Prompt(request.PromptTokens, hashes, hash);
    }
}
