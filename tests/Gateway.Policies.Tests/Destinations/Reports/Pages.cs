namespace BlazeGateway.Policies.Tests.Destinations.Reports;

/// <summary>Pages of metrics as each server writes them, shortened to what matters and what is easily mistaken for it.</summary>
internal static class Pages
{
    /// <summary>vLLM, two engines (data parallel), with a LoRA line that is out of date.</summary>
    public const string Vllm = """
        # HELP vllm:num_requests_running Number of requests in model execution batches.
        # TYPE vllm:num_requests_running gauge
        vllm:num_requests_running{engine="0",model_name="meta-llama/Llama-3.1-8B"} 3.0
        vllm:num_requests_running{engine="1",model_name="meta-llama/Llama-3.1-8B"} 4.0
        # HELP vllm:num_requests_waiting Number of requests waiting to be processed.
        # TYPE vllm:num_requests_waiting gauge
        vllm:num_requests_waiting{engine="0",model_name="meta-llama/Llama-3.1-8B"} 1.0
        vllm:num_requests_waiting{engine="1",model_name="meta-llama/Llama-3.1-8B"} 2.0
        vllm:num_requests_waiting_by_reason{engine="0",model_name="meta-llama/Llama-3.1-8B",reason="capacity"} 9.0
        # TYPE vllm:kv_cache_usage_perc gauge
        vllm:kv_cache_usage_perc{engine="0",model_name="meta-llama/Llama-3.1-8B"} 0.5
        vllm:kv_cache_usage_perc{engine="1",model_name="meta-llama/Llama-3.1-8B"} 0.7
        # HELP vllm:gpu_cache_usage_perc GPU KV-cache usage, deprecated.
        vllm:gpu_cache_usage_perc{engine="0",model_name="meta-llama/Llama-3.1-8B"} 0.1
        vllm:gpu_cache_usage_perc{engine="1",model_name="meta-llama/Llama-3.1-8B"} 0.1
        # TYPE vllm:prompt_tokens_total counter
        vllm:prompt_tokens_total{engine="0",model_name="meta-llama/Llama-3.1-8B"} 1.234567e+06
        vllm:prompt_tokens_total{engine="1",model_name="meta-llama/Llama-3.1-8B"} 1.0
        vllm:prompt_tokens_created{engine="0",model_name="meta-llama/Llama-3.1-8B"} 1.7594e+09
        vllm:generation_tokens_total{engine="0",model_name="meta-llama/Llama-3.1-8B"} 5000.0
        vllm:generation_tokens_total{engine="1",model_name="meta-llama/Llama-3.1-8B"} 7000.0
        vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="meta-llama/Llama-3.1-8B"} 12.0
        # TYPE vllm:cache_config_info gauge
        vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="0",num_cpu_blocks="None",num_gpu_blocks="27644"} 1.0
        vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="1",num_cpu_blocks="None",num_gpu_blocks="27644"} 1.0
        vllm:lora_requests_info{max_lora="4",running_lora_adapters="sql,chat",waiting_lora_adapters="legal"} 1.759400002e+09
        vllm:lora_requests_info{max_lora="4",running_lora_adapters="old",waiting_lora_adapters=""} 1.759400001e+09

        """;

    /// <summary>vLLM before the names changed.</summary>
    public const string OldVllm = """
        vllm:num_requests_running{model_name="m"} 2.0
        vllm:num_requests_waiting{model_name="m"} 0.0
        vllm:gpu_cache_usage_perc{model_name="m"} 0.25
        vllm:cache_config_info{block_size="32",num_gpu_blocks="None"} 1.0
        """;

    /// <summary>SGLang with two ranks of tensor parallelism that tell the same, and two of data parallelism that do not.</summary>
    public const string Sglang = """
        # TYPE sglang:num_running_reqs gauge
        sglang:num_running_reqs{dp_rank="0",engine_type="unified",model_name="qwen",pp_rank="0",tp_rank="0"} 5.0
        sglang:num_running_reqs{dp_rank="1",engine_type="unified",model_name="qwen",pp_rank="0",tp_rank="0"} 6.0
        sglang:num_running_reqs{dp_rank="0",engine_type="unified",model_name="qwen",pp_rank="0",tp_rank="1"} 5.0
        sglang:num_queue_reqs{dp_rank="0",model_name="qwen",tp_rank="0"} 2.0
        sglang:token_usage{model_name="qwen",tp_rank="0"} 0.31
        sglang:num_used_tokens{model_name="qwen",tp_rank="0"} 30000.0
        sglang:gen_throughput{model_name="qwen"} nan
        sglang:prompt_tokens_total{model_name="qwen"} 800.0
        sglang:generation_tokens_total{model_name="qwen"} 900.0
        sglang:cache_config_info{page_size="64",num_pages="1000"} 1.0
        """;

    public const string Tgi = """
        # TYPE tgi_queue_size gauge
        tgi_queue_size 7
        # TYPE tgi_batch_current_size gauge
        tgi_batch_current_size 32
        tgi_batch_current_max_tokens 4096
        tgi_request_input_length_sum 1200
        tgi_request_input_length_count 3
        tgi_request_generated_tokens_sum 300
        tgi_request_generated_tokens_bucket{le="+Inf"} 3
        """;

    public const string LlamaCpp = """
        # HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.
        # TYPE llamacpp:prompt_tokens_total counter
        llamacpp:prompt_tokens_total 64
        llamacpp:tokens_predicted_total 32
        llamacpp:prompt_tokens_seconds 12.5
        llamacpp:n_busy_slots_per_decode 1.5
        llamacpp:requests_processing 2
        llamacpp:requests_deferred 3
        """;

    public const string TrtLlm = """
        trtllm_request_success_total{engine_type="trtllm",finished_reason="stop",model_name="m"} 4.0
        trtllm_num_requests_waiting{engine_type="trtllm",model_name="m"} 1.0
        trtllm_num_requests_running{engine_type="trtllm",model_name="m"} 8.0
        trtllm_kv_cache_utilization{engine_type="trtllm",model_name="m"} 0.62
        trtllm_kv_cache_host_utilization{engine_type="trtllm",model_name="m"} 0.99
        trtllm_kv_cache_max_blocks{model_name="m"} 500.0
        trtllm_kv_cache_tokens_per_block{model_name="m"} 32.0
        """;

    /// <summary>Triton's TensorRT-LLM backend.</summary>
    public const string Triton = """
        nv_inference_request_success{model="tensorrt_llm",version="1"} 8.000000
        nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="waiting",version="1"} 2
        nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="context",version="1"} 1
        nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="scheduled",version="1"} 5
        nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="max",version="1"} 128
        nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="active",version="1"} 7
        nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",model="tensorrt_llm",version="1"} 0.4875
        nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="tokens_per",model="tensorrt_llm",version="1"} 64
        nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="used",model="tensorrt_llm",version="1"} 195
        nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="max",model="tensorrt_llm",version="1"} 400
        """;

    public const string Ollama = """
        {"models":[{"name":"llama3.2:latest","model":"llama3.2:latest","size":3461324800,"digest":"a80c4f17acd5","details":{"family":"llama"},"expires_at":"2026-11-27T10:00:00Z","size_vram":3461324800},
        {"name":"qwen3:8b","size":1,"size_vram":0}]}
        """;
}
