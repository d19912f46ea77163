namespace BlazeGateway.Policies.Inference;

/// <summary>What an inference request asks for, read from its path and method.</summary>
public enum Operation : byte
{
    /// <summary>Not an operation the gateway knows; the request streams through unread.</summary>
    None,

    /// <summary>POST …/chat/completions.</summary>
    ChatCompletions,

    /// <summary>POST …/completions.</summary>
    Completions,

    /// <summary>POST …/responses.</summary>
    Responses,

    /// <summary>POST …/embeddings.</summary>
    Embeddings,

    /// <summary>POST …/rerank or /score.</summary>
    Rerank,

    /// <summary>POST …/messages (Anthropic).</summary>
    Messages,

    /// <summary>POST …/messages/count_tokens (Anthropic).</summary>
    CountTokens,

    /// <summary>POST …/api/chat (Ollama).</summary>
    OllamaChat,

    /// <summary>POST …/api/generate (Ollama).</summary>
    OllamaGenerate,

    /// <summary>POST …/api/embed or /api/embeddings (Ollama).</summary>
    OllamaEmbed,

    /// <summary>GET …/models, answered by the gateway.</summary>
    ListModels,

    /// <summary>GET …/models/{id}, answered by the gateway.</summary>
    GetModel,

    /// <summary>GET …/api/tags (Ollama), answered by the gateway.</summary>
    OllamaTags,
}
