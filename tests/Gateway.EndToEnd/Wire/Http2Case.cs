namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Frames on one connection and what must come of stream 1.</summary>
/// <param name="Name">What it tries.</param>
/// <param name="Outcome">A status, <c>RST n</c>, <c>GOAWAY n</c> or <c>closed</c>; several are parted by a bar.</param>
/// <param name="Frames">The frames.</param>
internal sealed record Http2Case(string Name, string Outcome, params byte[][] Frames)
{
    /// <summary>What must be true of the request forwarded; null when none may be.</summary>
    public Action<RecordedRequest>? Forwards { get; init; }
}
