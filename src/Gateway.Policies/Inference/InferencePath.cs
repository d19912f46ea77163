namespace BlazeGateway.Policies.Inference;

/// <summary>
/// Reads the operation and the dialect from method and path, without allocating. Paths are matched by their last segments, so any prefix in front is
/// fine, and without regard to case or one trailing slash: a model server that is lenient must not see what the gateway overlooked.
/// </summary>
internal static class InferencePath
{
    private const StringComparison Rule = StringComparison.OrdinalIgnoreCase;

    /// <summary>The operation, <see cref="Operation.None"/> when the gateway knows none for this method and path.</summary>
    public static Operation Classify(ReadOnlySpan<char> method, ReadOnlySpan<char> path)
    {
        path = Trim(path);
        if (method.Equals("POST", Rule))
        {
            return ClassifyPost(path);
        }

        if (!method.Equals("GET", Rule))
        {
            return Operation.None;
        }

        if (path.EndsWith("/v1/models", Rule))
        {
            return Operation.ListModels;
        }

        if (path.EndsWith("/api/tags", Rule))
        {
            return Operation.OllamaTags;
        }

        return TryGetModelId(path, out _) ? Operation.GetModel : Operation.None;
    }

    /// <summary>The dialect errors are written in, for any path, known or not.</summary>
    public static Dialect DialectOf(ReadOnlySpan<char> path)
    {
        path = Trim(path);
        var messages = path.IndexOf("/v1/messages", Rule);
        if (messages >= 0 && EndsSegment(path, messages + "/v1/messages".Length))
        {
            return Dialect.Anthropic;
        }

        if (DialectOf(ClassifyPost(path)) == Dialect.Ollama || path.EndsWith("/api/tags", Rule))
        {
            return Dialect.Ollama;
        }

        var underApi = path.StartsWith("/api/", Rule) && !path.StartsWith("/api/v1", Rule);
        return underApi && ClassifyPost(path) == Operation.None ? Dialect.Ollama : Dialect.OpenAi;
    }

    /// <summary>The dialect of an operation; OpenAI's for <see cref="Operation.None"/>.</summary>
    public static Dialect DialectOf(Operation operation) => operation switch
    {
        Operation.Messages or Operation.CountTokens => Dialect.Anthropic,
        Operation.OllamaChat or Operation.OllamaGenerate or Operation.OllamaEmbed or Operation.OllamaTags => Dialect.Ollama,
        _ => Dialect.OpenAi,
    };

    /// <summary>Whether the operation carries a JSON body with a <c>model</c> in it.</summary>
    public static bool HasBody(Operation operation) =>
        operation is not (Operation.None or Operation.ListModels or Operation.GetModel or Operation.OllamaTags);

    /// <summary>The model id of a path like <c>…/v1/models/{id}</c>; an id may hold slashes.</summary>
    public static bool TryGetModelId(ReadOnlySpan<char> path, out ReadOnlySpan<char> id)
    {
        const string Marker = "/v1/models/";
        var at = path.IndexOf(Marker, Rule);
        id = at < 0 ? default : path[(at + Marker.Length)..];
        return id.Length > 0;
    }

    private static Operation ClassifyPost(ReadOnlySpan<char> path)
    {
        if (path.EndsWith("/completions", Rule))
        {
            return path.EndsWith("/chat/completions", Rule) ? Operation.ChatCompletions : Operation.Completions;
        }

        if (path.EndsWith("/v1/messages", Rule))
        {
            return Operation.Messages;
        }

        if (path.EndsWith("/v1/messages/count_tokens", Rule))
        {
            return Operation.CountTokens;
        }

        if (path.EndsWith("/api/chat", Rule))
        {
            return Operation.OllamaChat;
        }

        if (path.EndsWith("/api/generate", Rule))
        {
            return Operation.OllamaGenerate;
        }

        if (path.EndsWith("/api/embed", Rule) || path.EndsWith("/api/embeddings", Rule))
        {
            return Operation.OllamaEmbed;
        }

        if (path.EndsWith("/embeddings", Rule))
        {
            return Operation.Embeddings;
        }

        if (path.EndsWith("/responses", Rule))
        {
            return Operation.Responses;
        }

        return path.EndsWith("/rerank", Rule) || path.EndsWith("/score", Rule) ? Operation.Rerank : Operation.None;
    }

    private static ReadOnlySpan<char> Trim(ReadOnlySpan<char> path) => path.EndsWith('/') ? path[..^1] : path;

    private static bool EndsSegment(ReadOnlySpan<char> path, int at) => at == path.Length || path[at] == '/';
}
