namespace BlazeGateway.Policies.Health;

/// <summary>What one attempt says of its destination.</summary>
internal enum AttemptOutcome : byte
{
    /// <summary>Nothing: the client left, or the gateway itself gave up.</summary>
    Nothing,

    /// <summary>It answers. 4xx and 429 are answers too.</summary>
    Answered,

    /// <summary>Its port is closed.</summary>
    ConnectRefused,

    /// <summary>It could not be connected to.</summary>
    ConnectFailed,

    /// <summary>No first byte in time.</summary>
    FirstByteTimeout,

    /// <summary>It answered 5xx.</summary>
    ServerError,

    /// <summary>It broke off, before the answer or in it, or stood still in it.</summary>
    BrokenOff,
}

/// <summary>What outcomes mean.</summary>
internal static class AttemptOutcomes
{
    /// <summary>What the status of an answer says. 501 and 505 are the request's fault: a server that lacks a feature is well.</summary>
    public static AttemptOutcome OfStatus(int status) => status is >= 500 and not (501 or 505) ? AttemptOutcome.ServerError : AttemptOutcome.Answered;

    /// <summary>The reason a failed attempt gives.</summary>
    public static AvailabilityReason Reason(this AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.ConnectRefused => AvailabilityReason.ConnectRefused,
        AttemptOutcome.ConnectFailed => AvailabilityReason.ConnectFailed,
        AttemptOutcome.FirstByteTimeout => AvailabilityReason.FirstByteTimeout,
        AttemptOutcome.ServerError => AvailabilityReason.ServerError,
        AttemptOutcome.BrokenOff => AvailabilityReason.BrokenOff,
        _ => AvailabilityReason.Answers,
    };
}
