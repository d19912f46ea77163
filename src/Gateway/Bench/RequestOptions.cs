using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Bench;

/// <summary>What a load sends: inference requests built from a model and sizes, or plain HTTP as given.</summary>
internal sealed record RequestOptions
{
    /// <summary>Scheme, host and port, with an optional base path.</summary>
    public required Uri Url { get; init; }

    /// <summary>The model asked for; null sends plain HTTP.</summary>
    public string? Model { get; init; }

    /// <summary>Wire format of an inference request.</summary>
    public Dialect Dialect { get; init; } = Dialect.OpenAi;

    /// <summary>Ask for a stream and read it event by event.</summary>
    public bool Stream { get; init; }

    /// <summary>Length of each prompt in bytes.</summary>
    public int PromptBytes { get; init; } = 256;

    /// <summary>Most tokens to generate.</summary>
    public int MaxTokens { get; init; } = 64;

    /// <summary>How many different prompts are sent in turn.</summary>
    public int Prompts { get; init; } = 16;

    /// <summary>Path and query; default is the dialect's chat path, or the path of <see cref="Url"/>.</summary>
    public string? Path { get; init; }

    /// <summary>HTTP method; default POST when there is a body, else GET.</summary>
    public string? Method { get; init; }

    /// <summary>Body of a plain HTTP request.</summary>
    public string? Body { get; init; }

    /// <summary>Additional header fields, sent as given.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}
