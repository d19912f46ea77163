using System.Globalization;
using BlazeGateway.Policies;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary><c>/metrics</c> with the names of the kind, <c>/prometheus/metrics</c> of TensorRT-LLM. Ollama and hosted APIs have none.</summary>
internal sealed class MetricsPage(ServerContext server)
{
    private readonly string _model = server.Options.Models[0].Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);

    public string? Path => server.Options.Kind switch
    {
        ModelServerKinds.Vllm or ModelServerKinds.Sglang or ModelServerKinds.Tgi or ModelServerKinds.LlamaCpp => "/metrics",
        ModelServerKinds.TrtLlm => "/prometheus/metrics",
        _ => null,
    };

    public string Render() => server.Options.Kind switch
    {
        ModelServerKinds.Vllm => Vllm(),
        ModelServerKinds.Sglang => Sglang(),
        ModelServerKinds.Tgi => Tgi(),
        ModelServerKinds.TrtLlm => TrtLlm(),
        _ => LlamaCpp(),
    };

    private string Vllm()
    {
        var engine = server.Engine.Engine;
        var totals = engine.Totals;
        return new MetricsText($"model_name=\"{_model}\",engine=\"0\"")
            .Gauge("vllm:num_requests_running", "Number of requests in model execution batches.", engine.Running)
            .Gauge("vllm:num_requests_waiting", "Number of requests waiting to be processed.", server.Engine.Waiting)
            .Gauge("vllm:kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.", engine.KvUsage)
            .Counter("vllm:prefix_cache_queries_total", "Prefix cache queries, in terms of number of queried tokens.", totals.PrefixQueries)
            .Counter("vllm:prefix_cache_hits_total", "Prefix cache hits, in terms of number of cached tokens.", totals.PrefixHits)
            .Counter("vllm:num_preemptions_total", "Cumulative number of preemptions from the engine.", totals.Preemptions)
            .Counter("vllm:prompt_tokens_total", "Number of prefill tokens processed.", totals.PromptTokens)
            .Counter("vllm:generation_tokens_total", "Number of generation tokens processed.", totals.GeneratedTokens)
            .Counter(
                "vllm:request_success_total",
                "Count of successfully processed requests.",
                "finished_reason",
                ("stop", totals.FinishedByStop),
                ("length", totals.FinishedByLength),
                ("abort", totals.Aborted))
            .Histogram("vllm:time_to_first_token_seconds", "Histogram of time to first token in seconds.", totals.FirstToken)
            .Histogram("vllm:inter_token_latency_seconds", "Histogram of inter-token latency in seconds.", totals.BetweenTokens)
            .Histogram("vllm:e2e_request_latency_seconds", "Histogram of end to end request latency in seconds.", totals.EndToEnd)
            .Histogram("vllm:request_queue_time_seconds", "Histogram of time spent in WAITING phase for request.", totals.Queued)
            .Histogram("vllm:request_prefill_time_seconds", "Histogram of time spent in PREFILL phase for request.", totals.Prefill)
            .Histogram("vllm:request_decode_time_seconds", "Histogram of time spent in DECODE phase for request.", totals.Decode)
            .Histogram("vllm:request_prompt_tokens", "Number of prefill tokens processed.", totals.PromptLength)
            .Histogram("vllm:request_generation_tokens", "Number of generation tokens processed.", totals.AnswerLength)
            .Labelled("vllm:cache_config_info", "Information of the LLMEngine CacheConfig", Number($"block_size=\"{engine.Options.BlockTokens}\",num_gpu_blocks=\"{engine.Options.KvBlocks}\""))
            .ToString();
    }

    private string Sglang()
    {
        var engine = server.Engine.Engine;
        var totals = engine.Totals;
        var used = (engine.Options.KvBlocks - engine.FreeBlocks) * engine.Options.BlockTokens;
        return new MetricsText($"model_name=\"{_model}\"")
            .Gauge("sglang:num_running_reqs", "The number of running requests.", engine.Running)
            .Gauge("sglang:num_queue_reqs", "The number of requests in the waiting queue.", server.Engine.Waiting)
            .Gauge("sglang:num_used_tokens", "The number of used tokens.", used)
            .Gauge("sglang:token_usage", "The token usage.", engine.KvUsage)
            .Gauge("sglang:cache_hit_rate", "The prefix cache hit rate.", totals.PrefixQueries == 0 ? 0 : (double)totals.PrefixHits / totals.PrefixQueries)
            .Gauge("sglang:gen_throughput", "The generation throughput (token/s).", Throughput())
            .Counter("sglang:prompt_tokens_total", "Number of prefill tokens processed.", totals.PromptTokens)
            .Counter("sglang:generation_tokens_total", "Number of generation tokens processed.", totals.GeneratedTokens)
            .Histogram("sglang:time_to_first_token_seconds", "Histogram of time to first token in seconds.", totals.FirstToken)
            .Histogram("sglang:time_per_output_token_seconds", "Histogram of time per output token in seconds.", totals.BetweenTokens)
            .Histogram("sglang:e2e_request_latency_seconds", "Histogram of end-to-end request latency in seconds.", totals.EndToEnd)
            .Labelled("sglang:cache_config_info", "Information about the cache.", Number($"page_size=\"{engine.Options.BlockTokens}\",num_pages=\"{engine.Options.KvBlocks}\""))
            .ToString();
    }

    private string Tgi()
    {
        var engine = server.Engine.Engine;
        var totals = engine.Totals;
        var finished = totals.FinishedByLength + totals.FinishedByStop;
        return new MetricsText("")
            .Gauge("tgi_queue_size", "Current number of requests in the internal queue.", server.Engine.Waiting)
            .Gauge("tgi_batch_current_size", "Current batch size.", engine.Running)
            .Gauge("tgi_batch_current_max_tokens", "Maximum tokens for the current batch.", engine.Options.MaxModelLength)
            .Counter("tgi_request_count", "Total number of requests.", finished + totals.Aborted)
            .Counter("tgi_request_success", "Number of successful requests.", finished)
            .Histogram("tgi_request_queue_duration", "Time spent in the queue in seconds.", totals.Queued)
            .Histogram("tgi_request_duration", "End to end duration in seconds.", totals.EndToEnd)
            .Histogram("tgi_request_mean_time_per_token_duration", "Mean time per token in seconds.", totals.BetweenTokens)
            .Histogram("tgi_request_generated_tokens", "Generated tokens per request.", totals.AnswerLength)
            .Histogram("tgi_request_input_length", "Input token length per request.", totals.PromptLength)
            .ToString();
    }

    private string TrtLlm()
    {
        var engine = server.Engine.Engine;
        return new MetricsText($"model_name=\"{_model}\",engine_type=\"trtllm\"")
            .Gauge("trtllm_num_requests_running", "Number of running requests.", engine.Running)
            .Gauge("trtllm_num_requests_waiting", "Number of waiting requests.", server.Engine.Waiting)
            .Gauge("trtllm_kv_cache_utilization", "Use of the KV cache.", engine.KvUsage)
            .Gauge("trtllm_kv_cache_max_blocks", "Blocks of the KV cache.", engine.Options.KvBlocks)
            .Gauge("trtllm_kv_cache_tokens_per_block", "Tokens of a block.", engine.Options.BlockTokens)
            .Histogram("trtllm_time_to_first_token_seconds", "Histogram of time to first token in seconds.", engine.Totals.FirstToken)
            .Histogram("trtllm_e2e_request_latency_seconds", "Histogram of end to end request latency in seconds.", engine.Totals.EndToEnd)
            .ToString();
    }

    private string LlamaCpp()
    {
        var engine = server.Engine.Engine;
        var totals = engine.Totals;
        return new MetricsText("")
            .Counter("llamacpp:prompt_tokens_total", "Number of prompt tokens processed.", totals.PromptTokens)
            .Counter("llamacpp:tokens_predicted_total", "Number of generation tokens processed.", totals.GeneratedTokens)
            .Counter("llamacpp:n_decode_total", "Total number of llama_decode() calls", totals.Steps)
            .Gauge("llamacpp:n_busy_slots_per_decode", "Average number of busy slots per llama_decode() call", totals.Steps == 0 ? 0 : (double)totals.GeneratedTokens / totals.Steps)
            .Gauge("llamacpp:prompt_tokens_seconds", "Average prompt throughput in tokens/s.", totals.Prefill.Sum == 0 ? 0 : totals.PromptTokens / totals.Prefill.Sum)
            .Gauge("llamacpp:predicted_tokens_seconds", "Average generation throughput in tokens/s.", Throughput())
            .Gauge("llamacpp:requests_processing", "Number of requests processing.", engine.Running)
            .Gauge("llamacpp:requests_deferred", "Number of requests deferred.", server.Engine.Waiting)
            .ToString();
    }

    private double Throughput()
    {
        var totals = server.Engine.Engine.Totals;
        return totals.BetweenTokens.Sum == 0 ? 0 : totals.BetweenTokens.Count / totals.BetweenTokens.Sum;
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
