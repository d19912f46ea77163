using BlazeGateway.Demo.ModelServer.Batching;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>One request for inference as read from its body, whatever its dialect.</summary>
internal sealed record InferenceCall
{
    public required string Model { get; init; }

    public required Prompt Prompt { get; init; }

    public bool Stream { get; init; }

    /// <summary>OpenAI's <c>stream_options.include_usage</c>.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>Most tokens of the answer. Null: as many as the model likes.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Fewest tokens of the answer; all of <see cref="MaxTokens"/> with vLLM's <c>ignore_eos</c>.</summary>
    public int MinTokens { get; init; }

    /// <summary>Name of the tool to call instead of answering in words. Null: none.</summary>
    public string? Tool { get; init; }

    /// <summary>Whether the tool was forced, not chosen.</summary>
    public bool IsToolForced { get; init; }
}
