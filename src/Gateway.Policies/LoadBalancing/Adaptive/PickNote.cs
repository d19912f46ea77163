using System.Runtime.InteropServices;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>
/// What <c>Adaptive</c> thought when it picked, kept with the request to be compared with what came of it. Empty for other strategies, and then every call
/// does nothing. A mutable struct: keep it where it is.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct PickNote
{
    /// <summary>What a failure costs, seconds; Linkerd and Finagle take the same.</summary>
    public const double Penalty = 5;

    private const double Shortest = 0.001;

    private AdaptiveMemory? _memory;
    private CostModel? _costs;
    private AnswerTimes? _times;
    private CostFeatures _features;
    private double _plain;

    /// <summary>The arm that picked, an index of <see cref="AdaptiveArms.Names"/>.</summary>
    public int Arm { get; private set; }

    /// <summary>Whether the request is one of those held out.</summary>
    public readonly bool IsHeldOut => Reason == PickReason.HeldOut;

    /// <summary>The chance this pick had, where chance decided: 1 for all others.</summary>
    public double Propensity { get; private set; }

    /// <summary>Seconds to the first chunk as predicted.</summary>
    public double Predicted { get; private set; }

    /// <summary>The least cost there was, seconds: no less than the time to the first chunk predicted there.</summary>
    public double Best { get; private set; }

    /// <summary>Why it was picked.</summary>
    public PickReason Reason { get; private set; }

    /// <summary>Cost of the destination picked, as a multiple of the least there was: 1 is the least.</summary>
    public double Ratio { get; set; }

    /// <summary>Whether there is one.</summary>
    public readonly bool IsKept => _memory is not null;

    /// <summary>What the strategy learned of the cluster; null without one.</summary>
    public readonly AdaptiveMemory? Memory => _memory;

    /// <summary>How many destinations were picked among, of any strategy.</summary>
    public int Among { get; set; }

    /// <summary>Keeps how it was picked.</summary>
    public void Keep(AdaptiveMemory memory, int arm, PickReason reason, double propensity)
    {
        _memory = memory;
        (Arm, Reason, Propensity) = (arm, reason, propensity);
        (_costs, _times, Predicted, Best) = (null, null, 0, 0);
    }

    /// <summary>Keeps what was predicted for the destination picked: <paramref name="plain"/> of one of factor 1, <paramref name="factor"/> times that of this one.</summary>
    public void Expect(CostModel costs, AnswerTimes times, in CostFeatures features, double plain, double factor, double best)
    {
        (_costs, _times, _features, _plain) = (costs, times, features, plain);
        (Predicted, Best) = (plain * factor, best);
    }

    /// <summary>The first chunk came after <paramref name="seconds"/>.</summary>
    public readonly void Answered(double seconds, TimeSpan now)
    {
        if (_memory is not { } memory || _times is not { } times)
        {
            return;
        }

        seconds = Math.Max(Shortest, seconds);
        var factor = times.Pace.Learned;
        memory.Trial.Predicted(seconds, Predicted, times.Pace.Usual);
        times.Pace.Took(seconds, _plain, now);
        times.Pace.Judged(isFailure: false, now);
        _costs!.Learn(_features, seconds / factor);
        memory.Judged(isFailure: false);
        Reward(memory, seconds, now);
    }

    /// <summary>The attempt failed.</summary>
    public readonly void Failed(TimeSpan now)
    {
        if (_memory is not { } memory || _times is not { } times)
        {
            return;
        }

        times.Pace.Judged(isFailure: true, now);
        memory.Judged(isFailure: true);
        Reward(memory, Penalty, now);
    }

    /// <summary>Chunks came <paramref name="seconds"/> apart.</summary>
    public readonly void ChunksCame(double seconds)
    {
        _memory?.ChunksCame(seconds);
    }

    /// <summary>How much sooner it came than the least cost there was, as a logarithm; costs count what others wait too, so that more than 0 is usual. Time between chunks counts a quarter.</summary>
    private readonly void Reward(AdaptiveMemory memory, double seconds, TimeSpan now)
    {
        var reward = Math.Log(Math.Max(Shortest, Best) / seconds);
        if (_times!.Pace.PerChunk is > 0 and var own && memory.PerChunk is > 0 and var usual)
        {
            reward -= 0.25 * Math.Log(own / usual);
        }

        memory.Arms.Learn(Arm, reward);
        if (Arm == AdaptiveArms.Model || IsHeldOut)
        {
            memory.Trial.Rewarded(IsHeldOut, reward, now);
        }
    }
}
