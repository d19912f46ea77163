using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>How often each way to pick was used in a cluster, and how often what was picked was dearer than it had to be. Exact, no lock.</summary>
internal sealed class ArmTally
{
    private Counts _counts;

    /// <summary>Picks held out or tried that cost more than <see cref="CostScan.Dearer"/> times the least.</summary>
    public long Explorations => Volatile.Read(ref _counts.Explorations);

    /// <summary>Picks of an arm.</summary>
    public long Of(int arm) => Volatile.Read(ref Places[arm]);

    /// <summary>A pick was made.</summary>
    public void Count(int arm, bool isExploration)
    {
        Interlocked.Increment(ref Places[arm]);
        if (isExploration)
        {
            Interlocked.Increment(ref _counts.Explorations);
        }
    }

    private Span<long> Places => MemoryMarshal.CreateSpan(ref _counts.First, AdaptiveArms.Count);

    /// <summary>Room before and after, so that nothing that picks only read lies beside.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Counts
    {
        [FieldOffset(64)]
        public long First;

        [FieldOffset(64 + (8 * AdaptiveArms.Count))]
        public long Explorations;
    }
}
