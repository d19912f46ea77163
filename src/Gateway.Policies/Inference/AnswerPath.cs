using static BlazeGateway.Policies.Inference.AnswerName;

namespace BlazeGateway.Policies.Inference;

/// <summary>Places in an answer: up to seven names, one byte each from the outermost, with the depth in the highest byte.</summary>
internal static class AnswerPath
{
    /// <summary>Names a path can hold.</summary>
    public const int MaxDepth = 7;

    public const ulong Type = (ulong)AnswerName.Type | (1UL << 56);
    public const ulong Object = (ulong)AnswerName.Object | (1UL << 56);
    public const ulong Code = (ulong)AnswerName.Code | (1UL << 56);
    public const ulong Done = (ulong)AnswerName.Done | (1UL << 56);
    public const ulong Error = (ulong)AnswerName.Error | (1UL << 56);
    public const ulong ErrorCode = (ulong)AnswerName.Error | ((ulong)AnswerName.Code << 8) | (2UL << 56);
    public const ulong ErrorType = (ulong)AnswerName.Error | ((ulong)AnswerName.Type << 8) | (2UL << 56);
    public const ulong ErrorStatus = (ulong)AnswerName.Error | ((ulong)Status << 8) | (2UL << 56);
    public const ulong ResponseError = (ulong)Response | ((ulong)AnswerName.Error << 8) | (2UL << 56);
    public const ulong ResponseErrorCode = (ulong)Response | ((ulong)AnswerName.Error << 8) | ((ulong)AnswerName.Code << 16) | (3UL << 56);

    public const ulong ResponseText = (ulong)Response | (1UL << 56);
    public const ulong MessageContent = (ulong)Message | ((ulong)Content << 8) | (2UL << 56);
    public const ulong MessageThinking = (ulong)Message | ((ulong)Thinking << 8) | (2UL << 56);
    public const ulong MessageToolCall = (ulong)Message | ((ulong)ToolCalls << 8) | (3UL << 56);
    public const ulong TopThinking = (ulong)Thinking | (1UL << 56);
    public const ulong ChoiceText = (ulong)Choices | ((ulong)Text << 16) | (3UL << 56);
    public const ulong DeltaContent = DeltaPrefix | ((ulong)Content << 24) | (4UL << 56);
    public const ulong DeltaReasoning = DeltaPrefix | ((ulong)Reasoning << 24) | (4UL << 56);
    public const ulong DeltaRefusal = DeltaPrefix | ((ulong)Refusal << 24) | (4UL << 56);
    public const ulong DeltaFunctionCall = DeltaPrefix | ((ulong)FunctionCall << 24) | (4UL << 56);
    public const ulong DeltaAudio = DeltaPrefix | ((ulong)Audio << 24) | (4UL << 56);
    public const ulong DeltaToolCall = DeltaPrefix | ((ulong)ToolCalls << 24) | (5UL << 56);

    public const ulong PromptTokens = (ulong)Usage | ((ulong)AnswerName.PromptTokens << 8) | (2UL << 56);
    public const ulong CompletionTokens = (ulong)Usage | ((ulong)AnswerName.CompletionTokens << 8) | (2UL << 56);
    public const ulong CacheRead = (ulong)Usage | ((ulong)AnswerName.CacheRead << 8) | (2UL << 56);
    public const ulong CacheCreation = (ulong)Usage | ((ulong)AnswerName.CacheCreation << 8) | (2UL << 56);
    public const ulong CachedTokens = (ulong)Usage | ((ulong)Details << 8) | ((ulong)AnswerName.CachedTokens << 16) | (3UL << 56);
    public const ulong PromptEvalCount = (ulong)AnswerName.PromptEvalCount | (1UL << 56);
    public const ulong EvalCount = (ulong)AnswerName.EvalCount | (1UL << 56);

    private const ulong DeltaPrefix = (ulong)Choices | ((ulong)Delta << 16);

    /// <summary>Puts <paramref name="name"/> at <paramref name="depth"/> and forgets what was deeper.</summary>
    public static ulong With(ulong path, int depth, AnswerName name) => Above(path, depth) | ((ulong)name << (8 * (depth - 1)));

    /// <summary>The place of a value at <paramref name="depth"/>.</summary>
    public static ulong At(ulong path, int depth) => Above(path, depth + 1) | ((ulong)depth << 56);

    /// <summary>The same place without <c>response.</c> or <c>message.</c> before <c>usage</c>.</summary>
    public static ulong Unwrap(ulong place)
    {
        var outer = (AnswerName)(byte)place;
        return outer is Response or Message && (AnswerName)(byte)(place >> 8) == Usage
            ? ((place & 0x00FF_FFFF_FFFF_FFFF) >> 8) | (((place >> 56) - 1) << 56)
            : place;
    }

    private static ulong Above(ulong path, int depth) => path & ((1UL << (8 * (depth - 1))) - 1);
}
