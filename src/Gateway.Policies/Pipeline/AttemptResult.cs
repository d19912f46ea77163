namespace BlazeGateway.Policies.Pipeline;

/// <summary>How one attempt on a destination ended.</summary>
public enum AttemptResult : byte
{
    /// <summary>Answered, completely and below 500.</summary>
    Ok,

    /// <summary>Unreachable, broken off or answered 5xx.</summary>
    Error,

    /// <summary>A time limit ran out.</summary>
    Timeout,

    /// <summary>Given up by the client or for another attempt.</summary>
    Canceled,
}
