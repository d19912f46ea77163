using System.ComponentModel.DataAnnotations;

namespace BlazeGateway.Observability;

/// <summary>Section <c>Telemetry:Otlp</c>.</summary>
internal sealed record OtlpOptions
{
    /// <summary>
    /// Where spans are sent by OTLP over HTTP, for example <c>http://127.0.0.1:4318</c>; <c>/v1/traces</c> is added when there is no path.
    /// Port 4317 is spoken to by gRPC, as the protocol reserves it for that.
    /// Default: empty, no spans are made or sent.
    /// </summary>
    public string Endpoint { get; init; } = "";

    /// <summary>Share of requests without a sampled parent that are traced, 0 to 1. Default: 1.</summary>
    [Range(0.0, 1.0)]
    public double SampleRatio { get; init; } = 1;

    /// <summary>Headers sent along, <c>name=value,name=value</c>, such as a collector's key. Default: empty.</summary>
    public string Headers { get; init; } = "";
}
