using System.Security.Cryptography.X509Certificates;
using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.ModelServer.Faults;
using BlazeGateway.Policies;

namespace BlazeGateway.Demo.ModelServer;

/// <summary>What one simulated model server is. Every value has a default that suits tests.</summary>
internal sealed record ModelServerHostOptions
{
    /// <summary>Name shown in statistics and in <c>system_fingerprint</c>. Default: <c>gpu</c>.</summary>
    public string Name { get; init; } = "gpu";

    /// <summary>Which server it imitates, one of <see cref="ModelServerKinds.All"/> without <c>azure-openai</c>. Default: <c>vllm</c>.</summary>
    public string Kind { get; init; } = ModelServerKinds.Vllm;

    /// <summary>Names of the models served; the first is the default of paths without a model. Default: <c>demo-small</c>.</summary>
    public IReadOnlyList<string> Models { get; init; } = ["demo-small"];

    /// <summary>Decides every text, identifier and chance. Two servers with one seed answer the same request with the same bytes. Default: 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Host name or address to listen on; a loopback address only unless the caller allowed others. Default: <c>127.0.0.1</c>.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>TCP port; 0 lets the operating system choose. Default: 0.</summary>
    public int Port { get; init; }

    /// <summary>Speed and size of the simulated engine.</summary>
    public EngineOptions Engine { get; init; } = new();

    /// <summary>Answer at once, without the engine: for benches that measure what stands in front. Default: false.</summary>
    public bool Unpaced { get; init; }

    /// <summary>Tokens of an answer nobody limited. Default: null, 24 to 120 by seed and prompt.</summary>
    public int? AnswerTokens { get; init; }

    /// <summary>Key asked for in <c>Authorization: Bearer</c> or <c>x-api-key</c>; 401 without it. Default: null, none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Delay of every answer of <c>/health</c>. Default: none.</summary>
    public TimeSpan HealthDelay { get; init; }

    /// <summary>How many requests are remembered with headers and body digest; 0 to 65536. Default: 256.</summary>
    public int RememberedRequests { get; init; } = 256;

    /// <summary>Faults from the start on. Default: none.</summary>
    public FaultPlan Faults { get; init; } = FaultPlan.None;

    /// <summary>Serves TLS with this certificate. Default: null, plain HTTP.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Speaks HTTP/2 and nothing else, without TLS by prior knowledge. Default: false, HTTP/1.1.</summary>
    public bool IsHttp2 { get; init; }

    /// <summary>Largest request body, bytes; above it 413. Default: 64 MiB.</summary>
    public long MaxBodyBytes { get; init; } = 64L * 1024 * 1024;
}
