namespace BlazeGateway.Policies.Inference;

/// <summary>Names of members that matter in answers of model servers.</summary>
internal enum AnswerName : byte
{
    /// <summary>An element of an array.</summary>
    Element,
    Choices,
    Delta,
    Message,
    Response,
    Content,
    Text,
    Reasoning,
    Thinking,
    ToolCalls,
    FunctionCall,
    Refusal,
    Audio,
    Usage,
    PromptTokens,
    CompletionTokens,
    Details,
    CachedTokens,
    CacheRead,
    CacheCreation,
    PromptEvalCount,
    EvalCount,
    Error,
    Code,
    Status,
    Type,
    Object,
    Done,
    Model,

    /// <summary>Any other name.</summary>
    Other,
}

/// <summary>Finds an <see cref="AnswerName"/>; names that mean the same in two dialects are one.</summary>
internal static class AnswerNames
{
    public static AnswerName Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        4 => Four(name),
        5 => Five(name),
        6 or 7 => SixOrSeven(name),
        8 => Is(name, "response"u8, AnswerName.Response, Is(name, "thinking"u8, AnswerName.Thinking)),
        9 => Is(name, "reasoning"u8, AnswerName.Reasoning),
        10 => Is(name, "tool_calls"u8, AnswerName.ToolCalls, Is(name, "eval_count"u8, AnswerName.EvalCount)),
        11 => Is(name, "status_code"u8, AnswerName.Status),
        12 => Is(name, "input_tokens"u8, AnswerName.PromptTokens),
        _ => Long(name),
    };

    private static AnswerName Four(ReadOnlySpan<byte> name) => Is(
        name, "text"u8, AnswerName.Text, Is(name, "type"u8, AnswerName.Type, Is(name, "code"u8, AnswerName.Code, Is(name, "done"u8, AnswerName.Done))));

    private static AnswerName Five(ReadOnlySpan<byte> name) => Is(
        name, "delta"u8, AnswerName.Delta, Is(name, "usage"u8, AnswerName.Usage, Is(name, "error"u8, AnswerName.Error, Is(
            name, "model"u8, AnswerName.Model, Is(name, "audio"u8, AnswerName.Audio)))));

    private static AnswerName SixOrSeven(ReadOnlySpan<byte> name) => Is(
        name, "choices"u8, AnswerName.Choices, Is(name, "content"u8, AnswerName.Content, Is(name, "message"u8, AnswerName.Message, Is(
            name, "object"u8, AnswerName.Object, Is(name, "refusal"u8, AnswerName.Refusal, Is(name, "status"u8, AnswerName.Status))))));

    private static AnswerName Long(ReadOnlySpan<byte> name) => name.Length switch
    {
        13 => Is(name, "prompt_tokens"u8, AnswerName.PromptTokens, Is(name, "output_tokens"u8, AnswerName.CompletionTokens, Is(
            name, "cached_tokens"u8, AnswerName.CachedTokens, Is(name, "function_call"u8, AnswerName.FunctionCall)))),
        17 => Is(name, "completion_tokens"u8, AnswerName.CompletionTokens, Is(
            name, "reasoning_content"u8, AnswerName.Reasoning, Is(name, "prompt_eval_count"u8, AnswerName.PromptEvalCount))),
        20 => Is(name, "input_tokens_details"u8, AnswerName.Details),
        21 => Is(name, "prompt_tokens_details"u8, AnswerName.Details),
        23 => Is(name, "cache_read_input_tokens"u8, AnswerName.CacheRead),
        27 => Is(name, "cache_creation_input_tokens"u8, AnswerName.CacheCreation),
        _ => AnswerName.Other,
    };

    private static AnswerName Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> candidate, AnswerName then, AnswerName otherwise = AnswerName.Other) =>
        name.SequenceEqual(candidate) ? then : otherwise;
}
