namespace BlazeGateway.Policies.Destinations;

/// <summary>How quickly a destination answers requests for one model.</summary>
internal sealed class AnswerTimes
{
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Seconds to the first chunk that brings content, or to the first byte of an answer that is no stream of a model's; a failure counts as what it costs
    /// the client.
    /// </summary>
    public PeakEwma FirstChunk { get; } = new(Memory);

    /// <summary>Seconds from one chunk of content to the next.</summary>
    public PeakEwma PerChunk { get; } = new(Memory);

    /// <summary>How the destination compares with others; what costs are predicted with.</summary>
    public DestinationPace Pace { get; } = new();
}
