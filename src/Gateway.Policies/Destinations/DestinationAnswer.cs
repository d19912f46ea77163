namespace BlazeGateway.Policies.Destinations;

/// <summary>How a destination took the last question for its models.</summary>
internal enum DestinationAnswer : byte
{
    /// <summary>Not asked yet.</summary>
    Unknown,

    /// <summary>It answers.</summary>
    Answering,

    /// <summary>It answers 401 or 403: the credential is missing or wrong.</summary>
    Unauthorized,

    /// <summary>No connection, or no answer in time.</summary>
    Unreachable,

    /// <summary>It answers with a status no working model server answers a list with (5xx, 3xx).</summary>
    Failing,
}
