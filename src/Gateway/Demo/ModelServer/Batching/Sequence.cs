using System.Runtime.InteropServices;

namespace BlazeGateway.Demo.ModelServer.Batching;

/// <summary>One generation on its way through the engine. Only the engine writes it, except <see cref="Cancel"/>.</summary>
internal sealed class Sequence(Prompt prompt, int answerTokens, bool signalEachToken = true)
{
    private volatile bool _cancelled;
    private volatile int _emitted;
    private volatile SequenceState _state = SequenceState.Waiting;

    public Prompt Prompt { get; } = prompt;

    /// <summary>Tokens it will generate.</summary>
    public int AnswerTokens { get; } = answerTokens;

    /// <summary>Tokens generated and published.</summary>
    public int Emitted => _emitted;

    public SequenceState State => _state;

    public bool IsCancelled => _cancelled;

    public bool IsOver => _state is SequenceState.Finished or SequenceState.Cancelled;

    /// <summary>Prompt tokens found in the prefix cache when it was first admitted.</summary>
    public int CachedTokens { get; internal set; }

    /// <summary>Times it lost its blocks and had to be computed again.</summary>
    public int Preemptions { get; internal set; }

    /// <summary>Engine time, nanoseconds, of each stage.</summary>
    public SequenceTimes Times;

    /// <summary>Whether the answer is cut by its limit of tokens.</summary>
    public bool EndsByLength { get; init; }

    /// <summary>Wakes the reader.</summary>
    public WakeSignal Signal { get; } = new();

    internal List<int> Blocks { get; } = [];

    internal int Computed { get; set; }

    internal int HashedBlocks { get; set; }

    /// <summary>Tokens whose keys and values must be in the cache before the next one can be generated.</summary>
    internal int Required => Prompt.Tokens + _emitted;

    internal bool IsPrefilling => Computed < Required;

    /// <summary>Stops it at the next step.</summary>
    public void Cancel()
    {
        _cancelled = true;
        Signal.Set();
    }

    internal void Enter(SequenceState state)
    {
        _state = state;
        if (IsOver)
        {
            Signal.Set();
        }
    }

    internal void Emit(long now)
    {
        if (_emitted == 0)
        {
            Times.FirstToken = now;
        }

        Times.LastToken = now;
        _emitted++;
        if (signalEachToken)
        {
            Signal.Set();
        }
    }
}

/// <summary>Where a sequence is.</summary>
internal enum SequenceState
{
    Waiting,
    Running,
    Finished,
    Cancelled,
}

/// <summary>Engine times of a sequence, nanoseconds.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct SequenceTimes
{
    public long Arrived;
    public long Admitted;
    public long FirstToken;
    public long LastToken;
}
