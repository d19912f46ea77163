using System.Buffers;
using System.ComponentModel.DataAnnotations;

namespace BlazeGateway.Policies;

/// <summary>What a cluster says under <c>Extensions</c> in <c>config/routes.json</c>.</summary>
public sealed record ClusterExtensions
{
    /// <summary>The program behind the destinations. Default: null, a cluster of ordinary HTTP services.</summary>
    public ModelServerOptions? ModelServer { get; init; }

    /// <summary>How it is found out which destinations can be sent requests.</summary>
    public HealthOptions Health { get; init; } = new();

    /// <summary>When the circuit of a destination opens.</summary>
    public CircuitBreakerOptions CircuitBreaker { get; init; } = new();

    /// <summary>Time limits of one request; a route's own values come first.</summary>
    public TimeoutOptions Timeouts { get; init; } = new();

    /// <summary>How many attempts beyond the first its requests may make.</summary>
    public RetryBudgetOptions RetryBudget { get; init; } = new();

    /// <summary>How many requests the cluster takes, and how many wait for their turn. Default: any number are taken.</summary>
    public AdmissionOptions Admission { get; init; } = new();

    /// <summary>
    /// Weights of destinations by their id, 0 to 256; 0 takes no new requests. Strategies that know weights give each its part. Default: 1 for all.
    /// </summary>
    [EachInRange(0, Destinations.DestinationLoad.MaxWeight)]
    public Dictionary<string, int> Weights { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Most requests in flight on a destination, by its id; <c>*</c> stands for every destination not named. A strategy of the gateway's own passes over one
    /// that is full; when all are, the request waits in the cluster's queue. Default: empty, any number.
    /// </summary>
    [EachInRange(1, BalanceRules.MostInFlight)]
    public Dictionary<string, int> Capacity { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Most tokens in flight on a destination, by its id, or <c>*</c>: prompts that are not computed yet and answers as long as they are expected to be,
    /// both estimated. A destination below it takes one more request, of any length. Default: empty, any number.
    /// </summary>
    [EachInRange(1, BalanceRules.MostTokens)]
    public Dictionary<string, int> TokenCapacity { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What <c>ConsistentHash</c> goes by.</summary>
    public HashOptions Hash { get; init; } = new();

    /// <summary>What the strategy <c>Adaptive</c> may try.</summary>
    public AdaptiveOptions Adaptive { get; init; } = new();

    /// <summary>Credential sent to a destination, by destination id; <c>*</c> stands for every destination not named.</summary>
    public Dictionary<string, CredentialOptions> Credentials { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>How the gateway proves who it is to the destinations and checks who they are. Default: the machine's certificate authorities.</summary>
    public UpstreamTlsOptions? Tls { get; init; }
}

/// <summary>How many requests a cluster takes, and how many wait when it is full.</summary>
public sealed record AdmissionOptions
{
    /// <summary>Requests in flight at once, over all routes and destinations of the cluster; those above it wait. Default: null, any number.</summary>
    [Range(1, 1_000_000)]
    public int? MaxInFlight { get; init; }

    /// <summary>
    /// Most requests that wait while every destination that could serve them is full, or as many are in flight as may be. Beyond it the lowest priority is answered
    /// 503 <c>overloaded</c>, at once. 0 for no queue. Default: 100.
    /// </summary>
    [Range(0, 10_000)]
    public int QueueLimit { get; init; } = 100;

    /// <summary>Most bytes of bodies that are held for requests that wait. Default: 64 MiB.</summary>
    [Range(1024, 1L << 34)]
    public long QueueBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>
    /// Longest time a request waits, 1 s to 1 h, and never beyond the <c>Total</c> of its route; then it is answered 503 <c>queue_timeout</c>. Default: null,
    /// which means 30 s for inference requests and 10 s for others.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan? QueueTimeout { get; init; }

    /// <summary>
    /// Whether it is learned how many requests each destination serves at once without making them wait, from the time to the first chunk of its streams; no more
    /// than <c>Capacity</c> are sent to it in any case. Default: false.
    /// </summary>
    public bool Adaptive { get; init; }

    /// <summary>
    /// Share of all places that <c>standard</c> and <c>batch</c> requests leave free for <c>critical</c> ones while none of those waits; rounded up to whole places, and
    /// never the only one. Places are <see cref="MaxInFlight"/>, and those that <c>Capacity</c> or the learned limits allow on the destinations that take requests. 0 leaves none. Default: 0.
    /// </summary>
    [Range(0.0, 0.5)]
    public double CriticalReserve { get; init; }
}

/// <summary>What the strategy <c>Adaptive</c> may try in order to learn.</summary>
public sealed record AdaptiveOptions
{
    /// <summary>
    /// Share of requests that are picked by power of two, whatever the model predicts: the proof, while requests are served, that the model is better. Half
    /// as many again while it has learned little. 0 turns it off. Default: 0.005.
    /// </summary>
    [Range(0.0, 0.1)]
    public double Holdout { get; init; } = 0.005;

    /// <summary>Most requests that may go to a destination whose predicted cost is more than 1.05 times the least, in order to learn; a share. 0 turns it off. Default: 0.005.</summary>
    [Range(0.0, 0.1)]
    public double Exploration { get; init; } = 0.005;
}

/// <summary>What the strategy <c>ConsistentHash</c> goes by.</summary>
public sealed record HashOptions
{
    /// <summary>
    /// What requests are kept together by, the first of these that a request has: <c>prompt_cache_key</c>, <c>conversation</c> and <c>user</c> of an inference request's body,
    /// <c>prefix</c> (how its conversation begins: its prompt to the end of the first message of a user; of a prompt that is one text its first 1,024 bytes), <c>client</c> (who sent it: key, else address), <c>path</c>, or
    /// <c>header:NAME</c>. A request with none of them goes where there is least to do.
    /// Default: empty, which means <c>prompt_cache_key</c>, <c>conversation</c>, <c>user</c>, <c>client</c>.
    /// </summary>
    public List<string> Keys { get; init; } = [];

    /// <summary>Most a destination may have in flight, as a multiple of its part of all that is in flight; beyond it the next in line is picked. Default: 1.25.</summary>
    [Range(1.0, 100.0)]
    public double Bound { get; init; } = 1.25;
}

/// <summary>Values of <see cref="HashOptions.Keys"/>.</summary>
public static class HashKeys
{
    /// <summary>The member <c>prompt_cache_key</c> of the body.</summary>
    public const string PromptCacheKey = "prompt_cache_key";

    /// <summary>The member <c>conversation</c> of the body, in OpenAI's Responses API.</summary>
    public const string Conversation = "conversation";

    /// <summary>The member <c>user</c> of the body; Anthropic's <c>metadata</c>.</summary>
    public const string User = "user";

    /// <summary>How the conversation begins.</summary>
    public const string Prefix = "prefix";

    /// <summary>Who sent the request.</summary>
    public const string Client = "client";

    /// <summary>The path, without the query.</summary>
    public const string Path = "path";

    /// <summary>Begins the name of a header.</summary>
    public const string HeaderPrefix = "header:";

    private static readonly SearchValues<char> HeaderCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>All but headers.</summary>
    internal static IReadOnlyList<string> Words { get; } = [PromptCacheKey, Conversation, User, Prefix, Client, Path];

    /// <summary>Whether <paramref name="key"/> is one.</summary>
    internal static bool IsKnown(string key) =>
        Words.Contains(key, StringComparer.Ordinal)
        || (key.StartsWith(HeaderPrefix, StringComparison.Ordinal) && key.Length > HeaderPrefix.Length
            && !key.AsSpan(HeaderPrefix.Length).ContainsAnyExcept(HeaderCharacters));
}

/// <summary>How it is found out which destinations of a cluster can be sent requests.</summary>
public sealed record HealthOptions
{
    /// <summary>
    /// Whether destinations are probed, about every second, on a free path. Default: null, which means yes when the path is known and YARP's own
    /// active health check of the cluster is off.
    /// </summary>
    public bool? Probe { get; init; }

    /// <summary>
    /// Path that is probed; any answer below 500 is a good one. Default: null, the path of the model server's kind. Ordinary services and hosted APIs have
    /// none and are judged by requests alone.
    /// </summary>
    [RegularExpression(@"^/[^\s#]{0,255}$", ErrorMessage = "it must be a path that begins with / and has no space or #, such as /health")]
    public string? Path { get; init; }

    /// <summary>Whether destinations whose requests fail are left out for a while. Default: true.</summary>
    public bool Eject { get; init; } = true;

    /// <summary>Whether a destination that returns or joins is eased in. Default: null, yes for model servers.</summary>
    public bool? SlowStart { get; init; }

    /// <summary>How long easing in takes, 1 s to 1 h. Default: 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan SlowStartWindow { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>The program behind a destination.</summary>
public sealed record ModelServerOptions
{
    /// <summary>
    /// One of <c>vllm</c>, <c>sglang</c>, <c>tgi</c>, <c>trtllm</c>, <c>llamacpp</c>, <c>ollama</c>, <c>openai</c>, <c>azure-openai</c>, <c>anthropic</c>, <c>generic</c>.
    /// Default: <c>generic</c>.
    /// </summary>
    [AllowedValues(
        ModelServerKinds.Vllm, ModelServerKinds.Sglang, ModelServerKinds.Tgi, ModelServerKinds.TrtLlm, ModelServerKinds.LlamaCpp, ModelServerKinds.Ollama,
        ModelServerKinds.OpenAi, ModelServerKinds.AzureOpenAi, ModelServerKinds.Anthropic, ModelServerKinds.Generic)]
    public string Kind { get; init; } = ModelServerKinds.Generic;

    /// <summary>
    /// Path on which destinations report their load, as Prometheus metrics; <c>LeastLoaded</c> reads it. Default: null, the kind's own; <c>generic</c> and hosted
    /// APIs have none.
    /// </summary>
    [RegularExpression(@"^/[^\s#]{0,255}$", ErrorMessage = "it must be a path that begins with / and has no space or #, such as /metrics")]
    public string? MetricsPath { get; init; }

    /// <summary>Models every destination serves. Default: empty, which means ask the destinations (<c>/v1/models</c>, <c>/api/tags</c>).</summary>
    public List<string> Models { get; init; } = [];

    /// <summary>Azure OpenAI only: value of <c>api-version</c>, for example <c>2024-10-21</c>. The deployment is the model name after a rewrite.</summary>
    [RegularExpression("^[0-9A-Za-z.-]{1,32}$", ErrorMessage = "it must be a version such as 2024-10-21")]
    public string? ApiVersion { get; init; }
}

/// <summary>Kinds of model servers the gateway knows.</summary>
public static class ModelServerKinds
{
    /// <summary>vLLM.</summary>
    public const string Vllm = "vllm";

    /// <summary>SGLang.</summary>
    public const string Sglang = "sglang";

    /// <summary>Hugging Face text-generation-inference.</summary>
    public const string Tgi = "tgi";

    /// <summary>NVIDIA TensorRT-LLM, by <c>trtllm-serve</c>.</summary>
    public const string TrtLlm = "trtllm";

    /// <summary>llama.cpp's server.</summary>
    public const string LlamaCpp = "llamacpp";

    /// <summary>Ollama.</summary>
    public const string Ollama = "ollama";

    /// <summary>OpenAI's hosted API, or one that is hosted and speaks it.</summary>
    public const string OpenAi = "openai";

    /// <summary>Azure OpenAI: deployment in the path, api-version in the query.</summary>
    public const string AzureOpenAi = "azure-openai";

    /// <summary>Anthropic's hosted API.</summary>
    public const string Anthropic = "anthropic";

    /// <summary>Anything else that speaks the OpenAI API.</summary>
    public const string Generic = "generic";

    /// <summary>Every kind, in the order the documentation lists them.</summary>
    public static IReadOnlyList<string> All { get; } = [Vllm, Sglang, Tgi, TrtLlm, LlamaCpp, Ollama, OpenAi, AzureOpenAi, Anthropic, Generic];
}

/// <summary>A credential the gateway sends to a destination.</summary>
public sealed record CredentialOptions
{
    /// <summary>Header that carries it. Default: <c>Authorization</c>. Azure OpenAI uses <c>api-key</c>, Anthropic <c>x-api-key</c>.</summary>
    [RegularExpression("^[A-Za-z0-9-]{1,64}$", ErrorMessage = "it must be the name of a header, of A-Z a-z 0-9 -, such as x-api-key")]
    public string Header { get; init; } = "Authorization";

    /// <summary>The header's whole value, for example <c>Bearer sk-…</c>. Best given by environment variable or key-per-file secret.</summary>
    [Required]
    public string Value { get; init; } = "";
}

/// <summary>TLS towards the destinations of one cluster.</summary>
public sealed record UpstreamTlsOptions
{
    /// <summary>PEM file of certificate authorities trusted for this cluster instead of the machine's. Default: null.</summary>
    public string? CertificateAuthority { get; init; }

    /// <summary>Certificate the gateway presents (mutual TLS). Default: null, none.</summary>
    public CertificateOptions? ClientCertificate { get; init; }
}

/// <summary>A certificate with its private key.</summary>
public sealed record CertificateOptions
{
    /// <summary>PEM or PKCS#12 file.</summary>
    [Required]
    public string Path { get; init; } = "";

    /// <summary>PEM file of the private key. Default: null, the key is in <see cref="Path"/>.</summary>
    public string? KeyPath { get; init; }

    /// <summary>Password of the key or the PKCS#12 file. Default: null.</summary>
    public string? Password { get; init; }
}
