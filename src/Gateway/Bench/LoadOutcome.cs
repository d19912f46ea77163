namespace BlazeGateway.Bench;

/// <summary>How a request ended, as its client sees it.</summary>
internal enum LoadOutcome
{
    /// <summary>A complete answer below 400; a stream with its end mark.</summary>
    Ok,

    /// <summary>A complete answer of 400 or above.</summary>
    HttpError,

    /// <summary>No connection.</summary>
    ConnectFailed,

    /// <summary>The connection ended before a response head.</summary>
    ClosedBeforeHead,

    /// <summary>The connection ended inside a body.</summary>
    CutInBody,

    /// <summary>Not complete in time.</summary>
    Timeout,

    /// <summary>A well-formed response whose stream lacks the end mark of its dialect.</summary>
    IncompleteStream,

    /// <summary>A stream that carried an error event.</summary>
    ErrorInStream,

    /// <summary>Bytes that are not HTTP/1.1, or a stream event that is not JSON.</summary>
    Malformed,

    /// <summary>Never sent: more arrivals were waiting for a connection than the loader keeps.</summary>
    NotSent,
}
