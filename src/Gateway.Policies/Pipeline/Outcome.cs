namespace BlazeGateway.Policies.Pipeline;

/// <summary>How a request ended, told by what happened and not by the status code: a stream that dies after its 200 is not a success.</summary>
public enum Outcome : byte
{
    /// <summary>Answered completely by a destination or by the gateway.</summary>
    Ok,

    /// <summary>Refused for a fault of the client (4xx of the gateway's own or passed on).</summary>
    ClientError,

    /// <summary>Refused for a missing, wrong or insufficient credential.</summary>
    Unauthorized,

    /// <summary>Refused for a limit.</summary>
    RateLimited,

    /// <summary>No destination could be picked, or the cluster had as many requests in flight as it may.</summary>
    NoBackend,

    /// <summary>No destination could be picked because the circuit of each was open or isolated.</summary>
    CircuitOpen,

    /// <summary>The destination failed or answered 5xx.</summary>
    BackendError,

    /// <summary>A time limit ran out.</summary>
    Timeout,

    /// <summary>The answer broke off after it had begun.</summary>
    StreamBroken,

    /// <summary>The client went away first.</summary>
    ClientCanceled,

    /// <summary>The gateway's own fault.</summary>
    GatewayError,
}
