using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Tests.Inference;

public sealed class InferencePathTests
{
    [Theory]
    [InlineData("POST", "/v1/chat/completions", nameof(Operation.ChatCompletions), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/openai/v1/chat/completions", nameof(Operation.ChatCompletions), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/api/v1/chat/completions", nameof(Operation.ChatCompletions), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/api/chat/completions", nameof(Operation.ChatCompletions), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/openai/deployments/gpt/chat/completions", nameof(Operation.ChatCompletions), nameof(Dialect.OpenAi))]
    [InlineData("post", "/V1/Chat/Completions/", nameof(Operation.ChatCompletions), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/v1/completions", nameof(Operation.Completions), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/v1/responses", nameof(Operation.Responses), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/v1/embeddings", nameof(Operation.Embeddings), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/v1/rerank", nameof(Operation.Rerank), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/v1/score", nameof(Operation.Rerank), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/v1/messages", nameof(Operation.Messages), nameof(Dialect.Anthropic))]
    [InlineData("POST", "/anthropic/v1/messages", nameof(Operation.Messages), nameof(Dialect.Anthropic))]
    [InlineData("POST", "/v1/messages/count_tokens", nameof(Operation.CountTokens), nameof(Dialect.Anthropic))]
    [InlineData("POST", "/api/chat", nameof(Operation.OllamaChat), nameof(Dialect.Ollama))]
    [InlineData("POST", "/api/generate", nameof(Operation.OllamaGenerate), nameof(Dialect.Ollama))]
    [InlineData("POST", "/api/embed", nameof(Operation.OllamaEmbed), nameof(Dialect.Ollama))]
    [InlineData("POST", "/api/embeddings", nameof(Operation.OllamaEmbed), nameof(Dialect.Ollama))]
    [InlineData("POST", "/ollama/api/chat", nameof(Operation.OllamaChat), nameof(Dialect.Ollama))]
    [InlineData("GET", "/api/tags", nameof(Operation.OllamaTags), nameof(Dialect.Ollama))]
    [InlineData("GET", "/v1/models", nameof(Operation.ListModels), nameof(Dialect.OpenAi))]
    [InlineData("GET", "/v1/models/meta-llama/Llama-3", nameof(Operation.GetModel), nameof(Dialect.OpenAi))]
    [InlineData("GET", "/v1/chat/completions", nameof(Operation.None), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/v1/models", nameof(Operation.None), nameof(Dialect.OpenAi))]
    [InlineData("DELETE", "/v1/models/ft:x", nameof(Operation.None), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/v1/threads/t/messages", nameof(Operation.None), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/v1/messages/batches", nameof(Operation.None), nameof(Dialect.Anthropic))]
    [InlineData("POST", "/v1/messagesx", nameof(Operation.None), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/xcompletions", nameof(Operation.None), nameof(Dialect.OpenAi))]
    [InlineData("POST", "/api/show", nameof(Operation.None), nameof(Dialect.Ollama))]
    [InlineData("GET", "/", nameof(Operation.None), nameof(Dialect.OpenAi))]
    [InlineData("GET", "", nameof(Operation.None), nameof(Dialect.OpenAi))]
    public void Reads_operation_and_dialect(string method, string path, string operation, string dialect)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var actual = InferencePath.Classify(method, path);
        var spoken = InferencePath.DialectOf(path);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(operation, actual.ToString());
        Assert.Equal(dialect, spoken.ToString());
        Assert.True(actual == Operation.None || InferencePath.DialectOf(actual) == spoken);
    }

    [Theory]
    [InlineData("/v1/models/a", "a")]
    [InlineData("/x/v1/models/meta-llama/Llama-3", "meta-llama/Llama-3")]
    [InlineData("/v1/models/", null)]
    [InlineData("/v1/models", null)]
    public void Reads_the_model_id(string path, string? id)
    {
        Assert.Equal(id is not null, InferencePath.TryGetModelId(path, out var actual));
        Assert.Equal(id ?? "", actual.ToString());
    }

    [Fact]
    public void Only_operations_with_a_model_in_the_body_are_read()
    {
        var without = Enum.GetValues<Operation>().Where(operation => !InferencePath.HasBody(operation));
        Assert.Equal([Operation.None, Operation.ListModels, Operation.GetModel, Operation.OllamaTags], without);
    }

    [Theory]
    [InlineData("ollama", "POST", "/api/pull")]
    [InlineData("ollama", "POST", "/API/Create/")]
    [InlineData("ollama", "DELETE", "/x/api/delete")]
    [InlineData("ollama", "POST", "/api/push")]
    [InlineData("ollama", "POST", "/api/copy")]
    [InlineData("ollama", "HEAD", "/api/blobs/sha256:00")]
    [InlineData("vllm", "POST", "/v1/load_lora_adapter")]
    [InlineData("vllm", "POST", "/v1/unload_lora_adapter")]
    [InlineData("vllm", "POST", "/sleep")]
    [InlineData("vllm", "POST", "/wake_up")]
    [InlineData("vllm", "POST", "/reset_prefix_cache")]
    [InlineData("vllm", "POST", "/collective_rpc")]
    [InlineData("sglang", "GET", "/flush_cache")]
    [InlineData("sglang", "POST", "/update_weights_from_disk")]
    [InlineData("llamacpp", "GET", "/slots")]
    [InlineData("llamacpp", "POST", "/slots/0")]
    [InlineData("llamacpp", "POST", "/props")]
    [InlineData("llamacpp", "POST", "/lora-adapters")]
    [InlineData("generic", "POST", "/sleep")]
    [InlineData("generic", "POST", "/api/pull")]
    [InlineData("generic", "POST", "/props")]
    public void Management_paths_are_known(string kind, string method, string path) =>
        Assert.True(ManagementPaths.IsManagement(kind, method, path));

    [Theory]
    [InlineData("ollama", "POST", "/api/chat")]
    [InlineData("ollama", "POST", "/api/pulled")]
    [InlineData("ollama", "GET", "/api/tags")]
    [InlineData("vllm", "POST", "/v1/chat/completions")]
    [InlineData("vllm", "GET", "/v1/models")]
    [InlineData("vllm", "GET", "/sleeping")]
    [InlineData("sglang", "POST", "/generate")]
    [InlineData("llamacpp", "GET", "/props")]
    [InlineData("llamacpp", "GET", "/v1/models")]
    [InlineData("openai", "POST", "/sleep")]
    [InlineData("generic", "POST", "/v1/responses")]
    public void Other_paths_are_open(string kind, string method, string path) => Assert.False(ManagementPaths.IsManagement(kind, method, path));
}
