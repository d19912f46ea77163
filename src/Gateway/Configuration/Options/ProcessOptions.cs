using System.ComponentModel.DataAnnotations;
using BlazeGateway.Policies;
using BlazeGateway.Policies.LoadBalancing.Decisions;

namespace BlazeGateway.Configuration.Options;

/// <summary>What a process is told once, at its start, in <c>config/appsettings.json</c>. A change takes effect at the next start, except of <c>Admin:Tokens</c>.</summary>
internal sealed record ProcessOptions
{
    /// <summary>The listener clients use.</summary>
    public ProxyOptions Proxy { get; init; } = new();

    /// <summary>The listener operators use.</summary>
    public AdminOptions Admin { get; init; } = new();

    /// <summary>How clients are told apart and which of them are known.</summary>
    public ClientsOptions Clients { get; init; } = new();

    /// <summary>Bounds on what limits remember.</summary>
    public RateLimitingOptions RateLimiting { get; init; } = new();

    /// <summary>What the process tells about itself.</summary>
    public TelemetryOptions Telemetry { get; init; } = new();

    /// <summary>Request bodies held in memory by all requests together.</summary>
    public BufferedBodiesOptions BufferedBodies { get; init; } = new();

    /// <summary>Where secrets are read from.</summary>
    public SecretsOptions Secrets { get; init; } = new();

    /// <summary>How the process stops.</summary>
    public DrainOptions Drain { get; init; } = new();

    /// <summary>What is done when the process is stuck.</summary>
    public WatchdogOptions Watchdog { get; init; } = new();
}

/// <summary>The listener clients use.</summary>
internal sealed record ProxyOptions
{
    /// <summary>Addresses to listen on, separated by semicolons; port 0 lets the system choose. Default: <c>http://127.0.0.1:8080</c>, reachable from this machine only.</summary>
    [Required]
    [RegularExpression(@"^https?://[^\s;/]+/?(;https?://[^\s;/]+/?)*$", ErrorMessage = "it must be http:// or https:// with a host and a port, separated by ; if there are several, such as http://127.0.0.1:8080")]
    public string Urls { get; init; } = "http://127.0.0.1:8080";

    /// <summary>Certificate of the https addresses, read again when its file changes. Default: null, only http addresses can be used.</summary>
    public CertificateOptions? Certificate { get; init; }
}

/// <summary>The listener operators use: status, metrics, API. Never share it with clients.</summary>
internal sealed record AdminOptions
{
    /// <summary>Address to listen on; port 0 lets the system choose. Default: <c>http://127.0.0.1:8090</c>, reachable from this machine only.</summary>
    [Required]
    [RegularExpression(@"^https?://[^\s;/]+/?$", ErrorMessage = "it must be http:// or https:// with a host and a port, such as http://127.0.0.1:8090")]
    public string Url { get; init; } = "http://127.0.0.1:8090";

    /// <summary>Connections open at once, apart from the clients' budget so that operators still get in when that is used up. Default: 64.</summary>
    [Range(1, 65_536)]
    public int MaxConnections { get; init; } = 64;

    /// <summary>Host names answered besides loopback names and the address listened on; any other is refused, which stops DNS rebinding. Default: empty.</summary>
    public List<string> AllowedHosts { get; init; } = [];

    /// <summary>Origins besides its own that pages may send changes from, such as <c>https://gateway.example.com</c> of a proxy that ends TLS. Default: empty.</summary>
    public List<string> AllowedOrigins { get; init; } = [];

    /// <summary>Whether <c>/metrics</c> is answered without a token when tokens are asked for. Default: false, a scraper sends a viewer's token.</summary>
    public bool OpenMetrics { get; init; }

    /// <summary>
    /// Tokens that are asked for, by name, as <c>blaze token new</c> prints them; a change takes effect while the gateway runs. Default: empty, no login, which is
    /// accepted on a loopback address only.
    /// </summary>
    public Dictionary<string, AdminTokenOptions> Tokens { get; init; } = new(StringComparer.OrdinalIgnoreCase);
}

/// <summary>What the process tells about itself.</summary>
internal sealed record TelemetryOptions
{
    /// <summary>Export of traces by the OpenTelemetry protocol.</summary>
    public OtlpOptions Otlp { get; init; } = new();

    /// <summary>One log event per request.</summary>
    public AccessLogOptions AccessLog { get; init; } = new();

    /// <summary>Decisions of strategies that can be explained.</summary>
    public DecisionOptions Decisions { get; init; } = new();

    /// <summary>Bounds on <c>/metrics</c>.</summary>
    public PrometheusOptions Prometheus { get; init; } = new();
}

/// <summary>Decisions of strategies that can be explained: which destination a request got, among which, and why. No prompt, no client.</summary>
internal sealed record DecisionOptions
{
    /// <summary>How many of the last ones are kept (about 1 KB each); 0 records none and costs nothing. Default: 1024.</summary>
    [Range(0, DecisionRecorder.MostKept)]
    public int Keep { get; init; } = DecisionRecorder.DefaultKept;
}

/// <summary>Export of traces by the OpenTelemetry protocol.</summary>
internal sealed record OtlpOptions
{
    /// <summary>
    /// Address of the collector, for example <c>http://127.0.0.1:4318</c>; port 4317 is spoken to by gRPC, every other by HTTP, where <c>/v1/traces</c> is added
    /// when there is no path. Default: empty, no spans are made or sent.
    /// </summary>
    [RegularExpression(@"^(https?://\S+)?$", ErrorMessage = "it must be an address that begins with http:// or https://, such as http://127.0.0.1:4318, or empty")]
    public string Endpoint { get; init; } = "";

    /// <summary>Part of the requests without a sampled parent that is traced, 0 to 1. Default: 1, every request.</summary>
    [Range(0.0, 1.0)]
    public double SampleRatio { get; init; } = 1;

    /// <summary>Headers sent to the collector, <c>name=value,name=value</c>, such as its key. Default: empty.</summary>
    public string Headers { get; init; } = "";
}

/// <summary>One log event per request: client (its name, or a keyed hash of its address), route, destination, status, times, token counts; never a body, header value or query.</summary>
internal sealed record AccessLogOptions
{
    /// <summary>Whether it is written. Default: true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Part of the successful requests that is written, 0 to 1; failed ones always are. Default: 1, every request.</summary>
    [Range(0.0, 1.0)]
    public double SampleRatio { get; init; } = 1;

    /// <summary>Finished requests that may wait for the writer, rounded up to a power of two; those beyond it are dropped and counted. Default: 8192 (about 2.5 MB).</summary>
    [Range(2, 1 << 20)]
    public int QueueLength { get; init; } = 8192;
}

/// <summary>Bounds on <c>/metrics</c>.</summary>
internal sealed record PrometheusOptions
{
    /// <summary>Label sets one metric may have; what is beyond is counted under <c>other</c>. Default: 10000, which 1,000 destinations do not reach.</summary>
    [Range(16, 100_000)]
    public int MaxLabelSets { get; init; } = 10_000;

    /// <summary>Model names told apart in labels, over all clusters; further ones are counted under <c>other</c>. Names offered no longer make room. Default: 64.</summary>
    [Range(1, 10_000)]
    public int MaxModels { get; init; } = 64;
}

/// <summary>Bounds on what limits remember.</summary>
internal sealed record RateLimitingOptions
{
    /// <summary>Clients that limits tell apart at once; further ones share a partition of each limit. Default: 65,536 (about 6 MB).</summary>
    [Range(16, 4_194_304)]
    public int MaxPartitions { get; init; } = 65_536;
}

/// <summary>Request bodies held in memory by all requests together.</summary>
internal sealed record BufferedBodiesOptions
{
    /// <summary>Bytes held at once by the whole process; a request that would exceed it is answered 503 <c>buffer_exhausted</c>. Default: 256 MiB.</summary>
    [Range(1L << 20, 1L << 40)]
    public long MaxBytesInFlight { get; init; } = 256L * 1024 * 1024;
}

/// <summary>Where secrets are read from.</summary>
internal sealed record SecretsOptions
{
    /// <summary>
    /// Directory with one file per secret. A file named like a key (<c>ReverseProxy__Clusters__llm__…</c>, <c>__</c> for each level) sets that key;
    /// any other is used where a value says <c>${secret:NAME}</c>. Default: null, which means <c>/run/secrets</c> if it exists.
    /// </summary>
    public string? Directory { get; init; }
}
