namespace BlazeGateway.Policies.Pipeline;

/// <summary>How the body of an observed answer ended.</summary>
internal enum AnswerEnd : byte
{
    /// <summary>Not yet, or nothing to observe.</summary>
    None,

    /// <summary>The destination finished it.</summary>
    Complete,

    /// <summary>It broke off between frames; the client was told by an error frame.</summary>
    BrokenAtFrame,

    /// <summary>It broke off after it had begun, inside a frame or outside a stream; the client's connection was cut.</summary>
    Broken,

    /// <summary>The client left before it ended.</summary>
    Abandoned,

    /// <summary>It was an error from its first event on, nothing was sent of it.</summary>
    ErrorFirst,
}
