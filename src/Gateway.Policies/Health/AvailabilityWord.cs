namespace BlazeGateway.Policies.Health;

/// <summary>What a pick has to know of a destination, in one word that is read and swapped without a lock.</summary>
internal readonly record struct AvailabilityWord(int Bits)
{
    private const int StateMask = 7;
    private const int TrialBit = 1 << 3;
    private const int SlowBit = 1 << 4;
    private const int DoubtBit = 1 << 5;
    private const int AvailableBit = 1 << 6;
    private const int TurnOne = 1 << 7;
    private const int TurnMask = 31 << 7;
    private const int EpochShift = 12;

    /// <summary>The state.</summary>
    public AvailabilityState State => (AvailabilityState)(Bits & StateMask);

    /// <summary>Whether the one request of a half-open destination is under way.</summary>
    public bool IsTrialTaken => (Bits & TrialBit) != 0;

    /// <summary>Whether it is being eased in.</summary>
    public bool IsSlow => (Bits & SlowBit) != 0;

    /// <summary>Whether it may be picked when the cluster is well.</summary>
    public bool IsAvailable => (Bits & AvailableBit) != 0;

    /// <summary>Whether it is up and nothing speaks against it: a successful attempt changes nothing then.</summary>
    public bool IsCalm => (Bits & (StateMask | DoubtBit)) == (int)AvailabilityState.Up;

    /// <summary>Tells attempts from before an ejection apart from later ones.</summary>
    public int Epoch => Bits >>> EpochShift;

    /// <summary>The word for <paramref name="facts"/>, with no trial under way.</summary>
    public static AvailabilityWord Of(in AvailabilityFacts facts) => new(
        (int)facts.State
        | (facts.SlowStartFrom is null ? 0 : SlowBit)
        | (facts.Failures > 0 ? DoubtBit : 0)
        | (facts.IsAvailable ? AvailableBit : 0)
        | (facts.Epoch << EpochShift));

    /// <summary>The word with the trial under way, or not.</summary>
    public AvailabilityWord WithTrial(bool taken) => new(taken ? Bits | TrialBit : Bits & ~TrialBit);

    /// <summary>The word with another trial under way than this one's.</summary>
    public AvailabilityWord WithNextTrial() => new((Bits & ~TurnMask) | ((Bits + TurnOne) & TurnMask));

    /// <summary>The word with the trial of <paramref name="other"/>, if one is under way there.</summary>
    public AvailabilityWord WithTrialOf(AvailabilityWord other) => new((Bits & ~(TrialBit | TurnMask)) | (other.Bits & (TrialBit | TurnMask)));

    /// <summary>Whether the trial under way is that of <paramref name="other"/>.</summary>
    public bool IsTrialOf(AvailabilityWord other) => IsTrialTaken && other.IsTrialTaken && Epoch == other.Epoch && ((Bits ^ other.Bits) & TurnMask) == 0;
}
