namespace BlazeGateway.Policies.Destinations;

/// <summary>What a probe found.</summary>
internal enum ProbeFindingKind : byte
{
    /// <summary>It answers, below 500.</summary>
    Alive,

    /// <summary>It says that it loads its model.</summary>
    Loading,

    /// <summary>Its port is closed, or there is no way to it.</summary>
    Refused,

    /// <summary>No connection or no answer in time.</summary>
    Silent,

    /// <summary>The connection broke off, or TLS failed.</summary>
    Broken,

    /// <summary>It answers 5xx.</summary>
    ServerError,

    /// <summary>It answers 503.</summary>
    Unavailable,

    /// <summary>The host name has no address.</summary>
    Unresolved,

    /// <summary>The gateway could not ask: it has as many sockets open as it may.</summary>
    NotAsked,
}

/// <summary>What a probe found.</summary>
/// <param name="Kind">What.</param>
/// <param name="IsHard">Whether it was a probe of its health. An answer to another question is soft evidence: it may fail while requests are served.</param>
internal readonly record struct ProbeFinding(ProbeFindingKind Kind, bool IsHard)
{
    /// <summary>How long ago it began.</summary>
    public TimeSpan Took { get; init; }
}

/// <summary>The findings as they are written in labels.</summary>
internal static class ProbeFindings
{
    private static readonly string[] Names = ["alive", "loading", "refused", "silent", "broken", "server_error", "unavailable", "unresolved", "not_asked"];

    /// <summary>Number of findings.</summary>
    public static int Count => Names.Length;

    /// <summary>Label value.</summary>
    public static string Name(this ProbeFindingKind kind) => Names[(int)kind];
}
