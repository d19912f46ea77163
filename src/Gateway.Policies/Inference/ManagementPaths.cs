namespace BlazeGateway.Policies.Inference;

/// <summary>
/// Paths by which a model server is managed rather than used: they load, delete, sleep, profile or reveal other clients' prompts. Model servers guard
/// them with nothing, so the gateway answers 403 unless a route allows them. A kind the gateway does not know is given every rule.
/// </summary>
internal static class ManagementPaths
{
    private const StringComparison Rule = StringComparison.OrdinalIgnoreCase;

    private static readonly string[] _ollama =
    [
        "/api/pull", "/api/create", "/api/delete", "/api/push", "/api/copy", "/api/blobs",
    ];

    private static readonly string[] _python =
    [
        "/load_lora_adapter", "/unload_lora_adapter", "/sleep", "/wake_up", "/reset_prefix_cache", "/reset_mm_cache", "/reset_encoder_cache",
        "/collective_rpc", "/scale_elastic_ep", "/start_profile", "/stop_profile", "/pause", "/resume", "/init_weight_transfer_engine",
        "/flush_cache", "/init_weights_update_group", "/get_weights_by_name", "/release_memory_occupation", "/resume_memory_occupation",
        "/abort_request", "/pause_generation", "/continue_generation", "/slow_down", "/set_internal_state", "/configure_logging", "/freeze_gc",
        "/start_expert_distribution_record", "/stop_expert_distribution_record", "/dump_expert_distribution_record",
        "/clear_hicache_storage_backend",
    ];

    private static readonly string[] _llamaCpp = ["/slots", "/lora-adapters", "/models/load", "/models/unload"];

    /// <summary>Whether <paramref name="path"/> (percent-decoded) manages a model server of this kind.</summary>
    /// <param name="kind">One of <see cref="ModelServerKinds"/>; hosted APIs have no management paths.</param>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">Path, percent-decoded; a prefix in front, case and a trailing slash make no difference.</param>
    public static bool IsManagement(string kind, ReadOnlySpan<char> method, ReadOnlySpan<char> path) => kind switch
    {
        ModelServerKinds.OpenAi or ModelServerKinds.AzureOpenAi or ModelServerKinds.Anthropic or ModelServerKinds.Tgi => false,
        ModelServerKinds.Ollama => Matches(_ollama, path),
        ModelServerKinds.Vllm or ModelServerKinds.Sglang => IsPython(path),
        ModelServerKinds.LlamaCpp => IsLlamaCpp(method, path),
        _ => Matches(_ollama, path) || IsPython(path) || IsLlamaCpp(method, path),
    };

    private static bool IsPython(ReadOnlySpan<char> path) => Matches(_python, path) || path.Contains("/update_weight", Rule);

    private static bool IsLlamaCpp(ReadOnlySpan<char> method, ReadOnlySpan<char> path) =>
        Matches(_llamaCpp, path) || (Holds(path, "/props") && !method.Equals("GET", Rule) && !method.Equals("HEAD", Rule));

    private static bool Matches(string[] names, ReadOnlySpan<char> path)
    {
        foreach (var name in names)
        {
            if (Holds(path, name))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Holds(ReadOnlySpan<char> path, ReadOnlySpan<char> name)
    {
        for (var start = 0; ;)
        {
            var at = path[start..].IndexOf(name, Rule);
            if (at < 0)
            {
                return false;
            }

            start += at + name.Length;
            if (start == path.Length || path[start] == '/')
            {
                return true;
            }
        }
    }
}
