using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BlazeGateway.Policies.LoadBalancing.Adaptive;

namespace BlazeGateway.Policies.LoadBalancing.Decisions;

/// <summary>One choice of a destination: among whom, why, and what came of it. Holds no prompt and nothing of a client. Plain data that slots are copied from.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct Decision
{
    /// <summary>Most candidates kept.</summary>
    public const int MostCandidates = 16;

    /// <summary>Most marks of a prompt's beginning: its hash after 1, 2, 4 … 256 blocks.</summary>
    public const int MostMarks = 9;

    /// <summary>Its number, counted from 0 at the start of the process.</summary>
    public long Number;

    /// <summary>Timestamp of the gateway's clock.</summary>
    public long At;

    /// <summary>Timestamp at which the request came: tells requests of one id apart.</summary>
    public long Came;

    /// <summary>Which attempt on the request it is for, from 1 on. Picks that found nothing are for the one they would have led to.</summary>
    public int Attempt;

    /// <summary>Who and what, by name.</summary>
    public DecisionNames Names;

    /// <summary>Id of the destination; null when there was none to pick.</summary>
    public string? Destination;

    /// <summary>How the choice was made.</summary>
    public DecisionWay Way;

    /// <summary>Which part of its rule a strategy with several picked by.</summary>
    public DecisionRule Rule;

    /// <summary>Arm of <c>Adaptive</c>, an index of <see cref="AdaptiveArms.Names"/>; −1 for other strategies.</summary>
    public int Arm;

    /// <summary>Why <c>Adaptive</c> picked as it did; of other strategies it says nothing.</summary>
    public PickReason Reason;

    /// <summary>The chance this pick had.</summary>
    public double Propensity;

    /// <summary>Seconds to the first chunk as predicted, 0 when nothing was.</summary>
    public double Predicted;

    /// <summary>Cost of the cheapest candidate, seconds; 0 when nothing was predicted.</summary>
    public double Best;

    /// <summary>What the request was expected to bring.</summary>
    public int PromptTokens;

    /// <summary>Tokens its answer was expected to have.</summary>
    public int AnswerTokens;

    /// <summary>Blocks of its prompt, 0 when nobody asked.</summary>
    public int Blocks;

    /// <summary>Candidates there were.</summary>
    public int Among;

    /// <summary>Candidates kept.</summary>
    public int Kept;

    /// <summary>What came of it, once it ended.</summary>
    public DecisionOutcome Outcome;

    /// <summary>The candidates.</summary>
    public CandidateList Candidates;

    /// <summary>Hashes of the prompt's beginning, as far as <see cref="Blocks"/> goes.</summary>
    public MarkList Marks;

    /// <summary>Keeps the beginning of a prompt: its hash where its length doubles, so that the longest beginning two prompts share is known to a factor of two.</summary>
    public void Mark(ReadOnlySpan<ulong> chain)
    {
        Blocks = chain.Length;
        for (var (mark, blocks) = (0, 1); mark < MostMarks && blocks <= chain.Length; mark++, blocks *= 2)
        {
            Marks[mark] = chain[blocks - 1];
        }
    }

    [InlineArray(MostCandidates)]
    internal struct CandidateList
    {
        private DecisionCandidate _first;
    }

    [InlineArray(MostMarks)]
    internal struct MarkList
    {
        private ulong _first;
    }
}

/// <summary>Names of a decision.</summary>
/// <param name="RequestId">Value of <c>X-Request-Id</c>.</param>
/// <param name="Route">Route id.</param>
/// <param name="Cluster">Cluster id.</param>
/// <param name="Model">Model label; null for requests that no model answers.</param>
/// <param name="Strategy">Name of the strategy.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DecisionNames(string RequestId, string Route, string Cluster, string? Model, string Strategy);

/// <summary>How a choice was made.</summary>
internal enum DecisionWay : byte
{
    /// <summary>By the strategy.</summary>
    Strategy,

    /// <summary>By session affinity, the strategy at most choosing among what it left.</summary>
    Affinity,

    /// <summary>As the one request that a half-open destination is tried with.</summary>
    Trial,
}

/// <summary>Which part of its rule a strategy picked by, where that is not the same for every request.</summary>
internal enum DecisionRule : byte
{
    /// <summary>It has one part, or did not say.</summary>
    Whole,

    /// <summary>The request's key belongs there.</summary>
    Key,

    /// <summary>Where the key belongs there is no room, or more than its part: this is the next in line.</summary>
    NextInLine,

    /// <summary>The request has no key: there is the least to do.</summary>
    NoKey,
}

/// <summary>One destination as it was when the choice was made.</summary>
/// <param name="Id">Destination id.</param>
/// <param name="InFlight">Requests in flight there.</param>
/// <param name="PrefillTokens">Prompt tokens it had to compute.</param>
/// <param name="OwnTokens">Prompt tokens of the request that it would have to compute; −1 when the strategy does not go by them.</param>
/// <param name="Predicted">Seconds to the first chunk predicted there; not a number when nothing was.</param>
/// <param name="Cost">What going there was said to cost; not a number when nobody said, infinite without room.</param>
/// <param name="PassedOver">Why it could not be picked, besides room and weight.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DecisionCandidate(string Id, int InFlight, long PrefillTokens, int OwnTokens, float Predicted, float Cost, PassedOver PassedOver = PassedOver.No);

/// <summary>Why a destination that is well could not be picked, besides room and weight.</summary>
internal enum PassedOver : byte
{
    /// <summary>It could.</summary>
    No,

    /// <summary>It answered 429 and is left alone.</summary>
    Cooling,

    /// <summary>The request was sent there before.</summary>
    Tried,
}

/// <summary>What came of a decision.</summary>
/// <param name="Result">The request's outcome as in metrics; null until it ended.</param>
/// <param name="Status">Status code sent.</param>
/// <param name="FirstChunk">Seconds from sending to the first chunk with content, −1 without one.</param>
/// <param name="PerChunk">Seconds between chunks, −1 when there were not two.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DecisionOutcome(string? Result, int Status, double FirstChunk, double PerChunk)
{
    /// <summary>Why the request was picked for once more; null when this was the last time.</summary>
    public string? Next { get; init; }

    /// <summary>Prompt tokens the model server stated, −1 unknown.</summary>
    public int PromptTokens { get; init; } = -1;

    /// <summary>Those of them it had in its cache, −1 unknown.</summary>
    public int CachedTokens { get; init; } = -1;

    /// <summary>Tokens of the answer, −1 unknown.</summary>
    public int AnswerTokens { get; init; } = -1;

    /// <summary>The request went on: another pick was made for it.</summary>
    /// <param name="result">What became of this one.</param>
    /// <param name="status">Status code it was answered with, 0 for none.</param>
    /// <param name="next">Why there was another.</param>
    public static DecisionOutcome Followed(string result, int status, string next) => new(result, status, -1, -1) { Next = next };
}
