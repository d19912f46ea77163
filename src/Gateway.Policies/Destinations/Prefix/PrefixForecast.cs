using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Destinations.Prefix;

/// <summary>What a destination was expected to have of a prompt when it was sent there; kept with the request until its answer tells what it had.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct PrefixForecast
{
    private const int MaxRuns = 4;

    private Runs _runs;
    private int _runCount;

    /// <summary>Leading blocks expected to be cached.</summary>
    public int Expected { get; set; }

    /// <summary>Leading blocks that were sent there before, cached or not, as far as their ranks are kept here.</summary>
    public int Known { get; private set; }

    /// <summary>The destination's clock when the prompt was sent; 0 for a prompt without blocks.</summary>
    public long Clock { get; set; }

    /// <summary>Blocks of this rank and above belong to requests that were answered, so their prefill was done.</summary>
    public int DoneRank { get; set; }

    /// <summary>Begins with blocks that were sent a moment ago.</summary>
    public void Start(int blocks, long now)
    {
        if (blocks > 0)
        {
            TryBegin(0, now + blocks);
            (Known, Expected) = (blocks, blocks);
        }
    }

    /// <summary>Adds the next known block to the run of those before it.</summary>
    public void Extend() => Known++;

    /// <summary>Adds the next known block, which begins a run; false when there are too many.</summary>
    /// <param name="rank">Its rank then; each block after it has the next.</param>
    /// <param name="stamp">When it was last sent before; each block after it one earlier.</param>
    public bool TryBegin(int rank, long stamp)
    {
        if (_runCount == MaxRuns)
        {
            return false;
        }

        _runs[_runCount++] = new Run(Known++, rank, stamp);
        return true;
    }

    /// <summary>Rank and stamp of a known block.</summary>
    public readonly (int Rank, long Stamp) At(int block)
    {
        var i = _runCount - 1;
        while (i > 0 && _runs[i].First > block)
        {
            i--;
        }

        var run = _runs[i];
        return ((int)Math.Min(int.MaxValue, (long)run.Rank + block - run.First), run.Stamp - (block - run.First));
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Run(int First, int Rank, long Stamp);

    [InlineArray(MaxRuns)]
    private struct Runs
    {
        private Run _first;
    }
}
