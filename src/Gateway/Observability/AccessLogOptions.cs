using System.ComponentModel.DataAnnotations;

namespace BlazeGateway.Observability;

/// <summary>Section <c>Telemetry:AccessLog</c>.</summary>
internal sealed record AccessLogOptions
{
    /// <summary>Whether finished requests are logged. Default: true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Share of successful requests that is logged, 0 to 1; every other request always is. Default: 1.</summary>
    [Range(0.0, 1.0)]
    public double SampleRatio { get; init; } = 1;

    /// <summary>Finished requests that may wait for the writer; beyond it they are dropped and counted. A power of two. Default: 8192 (about 2.5 MB).</summary>
    [Range(2, 1 << 20)]
    public int QueueLength { get; init; } = 8192;
}
