using System.ComponentModel.DataAnnotations;

namespace BlazeGateway.Policies;

/// <summary>When a destination's circuit opens: it is then left out like one whose requests fail in a row, and tried by one request.</summary>
public sealed record CircuitBreakerOptions
{
    /// <summary>Whether each destination has a circuit. It has none either where <c>Health:Eject</c> is off. Default: true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The part of the attempts within <see cref="SamplingDuration"/> that may fail; when more do, the circuit opens. 1 opens it when all fail. Default: 0.2.</summary>
    [Range(0.01, 1.0)]
    public double FailureRatio { get; init; } = 0.2;

    /// <summary>Attempts within <see cref="SamplingDuration"/> below which the circuit stays closed, however many fail. Default: 20.</summary>
    [Range(2, 1_000_000)]
    public int MinimumThroughput { get; init; } = 20;

    /// <summary>How far back attempts are counted. Default: 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan SamplingDuration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the circuit stays open before one request tries the destination. Default: null, as long as an ejection: 10 s, twice as long each time, up to 300 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan? BreakDuration { get; init; }
}
