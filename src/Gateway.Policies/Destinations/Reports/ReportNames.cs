namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>What a metric tells of a server's load.</summary>
internal enum ReportField : byte
{
    /// <summary>Requests that wait.</summary>
    Waiting,

    /// <summary>Requests in the batch.</summary>
    Running,

    /// <summary>Use of the KV cache.</summary>
    CacheUse,

    /// <summary>The same under the name older versions give it; some versions have both.</summary>
    OldCacheUse,

    /// <summary>Prompt tokens since the start.</summary>
    PromptTokens,

    /// <summary>Generated tokens since the start.</summary>
    GeneratedTokens,

    /// <summary>Most requests in the batch.</summary>
    MaxRunning,

    /// <summary>Blocks of the KV cache.</summary>
    CacheBlocks,

    /// <summary>Tokens of a block.</summary>
    BlockTokens,

    /// <summary>Blocks and their tokens, in labels.</summary>
    CacheSize,

    /// <summary>LoRA adapters, in labels.</summary>
    Adapters,
}

/// <summary>A metric that is looked for.</summary>
/// <param name="Name">Its name, UTF-8.</param>
/// <param name="Field">What it tells.</param>
/// <param name="Label">A label it must have, null for any.</param>
/// <param name="LabelValue">The value of that label.</param>
internal sealed record ReportName(byte[] Name, ReportField Field, byte[]? Label = null, byte[]? LabelValue = null);

/// <summary>The names each kind of server gives what is looked for, old ones and new ones, and the path it tells them on.</summary>
internal static class ReportNames
{
    private static readonly ReportName[] Vllm =
    [
        new("vllm:num_requests_waiting"u8.ToArray(), ReportField.Waiting),
        new("vllm:num_requests_running"u8.ToArray(), ReportField.Running),
        new("vllm:kv_cache_usage_perc"u8.ToArray(), ReportField.CacheUse),
        new("vllm:gpu_cache_usage_perc"u8.ToArray(), ReportField.OldCacheUse),
        new("vllm:prompt_tokens_total"u8.ToArray(), ReportField.PromptTokens),
        new("vllm:generation_tokens_total"u8.ToArray(), ReportField.GeneratedTokens),
        new("vllm:cache_config_info"u8.ToArray(), ReportField.CacheSize),
        new("vllm:lora_requests_info"u8.ToArray(), ReportField.Adapters),
    ];

    private static readonly ReportName[] Sglang =
    [
        new("sglang:num_queue_reqs"u8.ToArray(), ReportField.Waiting),
        new("sglang:num_running_reqs"u8.ToArray(), ReportField.Running),
        new("sglang:token_usage"u8.ToArray(), ReportField.CacheUse),
        new("sglang:prompt_tokens_total"u8.ToArray(), ReportField.PromptTokens),
        new("sglang:generation_tokens_total"u8.ToArray(), ReportField.GeneratedTokens),
        new("sglang:cache_config_info"u8.ToArray(), ReportField.CacheSize),
    ];

    private static readonly ReportName[] Tgi =
    [
        new("tgi_queue_size"u8.ToArray(), ReportField.Waiting),
        new("tgi_batch_current_size"u8.ToArray(), ReportField.Running),
        new("tgi_request_input_length_sum"u8.ToArray(), ReportField.PromptTokens),
        new("tgi_request_generated_tokens_sum"u8.ToArray(), ReportField.GeneratedTokens),
    ];

    private static readonly ReportName[] LlamaCpp =
    [
        new("llamacpp:requests_deferred"u8.ToArray(), ReportField.Waiting),
        new("llamacpp:requests_processing"u8.ToArray(), ReportField.Running),
        new("llamacpp:kv_cache_usage_ratio"u8.ToArray(), ReportField.OldCacheUse),
        new("llamacpp:prompt_tokens_total"u8.ToArray(), ReportField.PromptTokens),
        new("llamacpp:tokens_predicted_total"u8.ToArray(), ReportField.GeneratedTokens),
    ];

    private static readonly ReportName[] TrtLlm =
    [
        new("trtllm_num_requests_waiting"u8.ToArray(), ReportField.Waiting),
        new("trtllm_num_requests_running"u8.ToArray(), ReportField.Running),
        new("trtllm_kv_cache_utilization"u8.ToArray(), ReportField.CacheUse),
        new("trtllm_kv_cache_max_blocks"u8.ToArray(), ReportField.CacheBlocks),
        new("trtllm_kv_cache_tokens_per_block"u8.ToArray(), ReportField.BlockTokens),
        Triton("nv_trt_llm_request_metrics"u8, "request_type"u8, "waiting"u8, ReportField.Waiting),
        Triton("nv_trt_llm_request_metrics"u8, "request_type"u8, "scheduled"u8, ReportField.Running),
        Triton("nv_trt_llm_request_metrics"u8, "request_type"u8, "max"u8, ReportField.MaxRunning),
        Triton("nv_trt_llm_kv_cache_block_metrics"u8, "kv_cache_block_type"u8, "fraction"u8, ReportField.CacheUse),
        Triton("nv_trt_llm_kv_cache_block_metrics"u8, "kv_cache_block_type"u8, "max"u8, ReportField.CacheBlocks),
        Triton("nv_trt_llm_kv_cache_block_metrics"u8, "kv_cache_block_type"u8, "tokens_per"u8, ReportField.BlockTokens),
    ];

    private static readonly ReportName[] Any = [.. Vllm, .. Sglang, .. Tgi, .. LlamaCpp, .. TrtLlm];

    /// <summary>The names a server of this kind uses; of a server of no kind in particular, everybody's.</summary>
    public static ReadOnlySpan<ReportName> Of(string kind) => kind switch
    {
        ModelServerKinds.Vllm => Vllm,
        ModelServerKinds.Sglang => Sglang,
        ModelServerKinds.Tgi => Tgi,
        ModelServerKinds.LlamaCpp => LlamaCpp,
        ModelServerKinds.TrtLlm => TrtLlm,
        _ => Any,
    };

    private static ReportName Triton(ReadOnlySpan<byte> name, ReadOnlySpan<byte> label, ReadOnlySpan<byte> value, ReportField field) =>
        new(name.ToArray(), field, label.ToArray(), value.ToArray());
}
