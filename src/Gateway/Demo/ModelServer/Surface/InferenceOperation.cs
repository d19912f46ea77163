using System.Text.Json;
using BlazeGateway.Demo.ModelServer.Answers;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>One path that runs a model: how its body is read and its answer written.</summary>
/// <param name="Dialect">Shape of its errors.</param>
/// <param name="Read">Reads the call.</param>
/// <param name="Format">Writes the answer; streams are possible when it is an <see cref="IStreamFormat"/>.</param>
/// <param name="Generates">Whether tokens are generated; false computes the prompt only.</param>
internal sealed record InferenceOperation(Dialect Dialect, Func<JsonElement, ReadDefaults, InferenceCall> Read, IAnswerFormat Format, bool Generates = true)
{
    public static InferenceOperation Chat { get; } = new(Dialect.OpenAi, CallReader.Chat, new ChatFormat());

    public static InferenceOperation Completion { get; } = new(Dialect.OpenAi, CallReader.Completion, new CompletionFormat());

    public static InferenceOperation Response { get; } = new(Dialect.OpenAi, CallReader.Response, new ResponseFormat());

    public static InferenceOperation Embedding { get; } = new(Dialect.OpenAi, CallReader.Embedding, new EmbeddingFormat(EmbeddingShape.OpenAi), Generates: false);

    public static InferenceOperation Message { get; } = new(Dialect.Anthropic, CallReader.Chat, new MessageFormat());

    public static InferenceOperation CountTokens { get; } = new(Dialect.Anthropic, CallReader.Chat, new TokenCountFormat(), Generates: false);

    public static InferenceOperation OllamaChat { get; } = new(Dialect.Ollama, CallReader.OllamaChat, new OllamaFormat(isChat: true));

    public static InferenceOperation OllamaGenerate { get; } = new(Dialect.Ollama, CallReader.OllamaGenerate, new OllamaFormat(isChat: false));

    public static InferenceOperation OllamaEmbed { get; } = new(Dialect.Ollama, CallReader.Embedding, new EmbeddingFormat(EmbeddingShape.Ollama), Generates: false);

    public static InferenceOperation OllamaEmbeddings { get; } =
        new(Dialect.Ollama, CallReader.Embedding, new EmbeddingFormat(EmbeddingShape.OllamaSingle), Generates: false);
}
