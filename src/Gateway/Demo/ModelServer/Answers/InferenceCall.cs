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

    /// <summary>Tool to call instead of answering in words. Null: none.</summary>
    public ToolCall? Tool { get; init; }

    /// <summary>Text of the answer's beginning, which the client has: the answer goes on after it. Null: it begins at its beginning.</summary>
    public string? Begun { get; init; }

    /// <summary>Inputs of an embedding request, each with its hash. Empty for generations.</summary>
    public IReadOnlyList<ulong> Inputs { get; init; } = [];

    /// <summary>Numbers per embedding. Default: 64.</summary>
    public int Dimensions { get; init; } = 64;

    /// <summary>Whether embeddings are wanted as base64 of little-endian floats.</summary>
    public bool Base64 { get; init; }
}
