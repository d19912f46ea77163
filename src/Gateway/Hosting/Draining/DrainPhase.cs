namespace BlazeGateway.Hosting.Draining;

/// <summary>How far a process is on its way to its end.</summary>
internal enum DrainPhase
{
    /// <summary>It has not been told to stop.</summary>
    Serving,

    /// <summary><c>/readyz</c> says so; everything is served as before, and connections that are used are asked to close.</summary>
    Announced,

    /// <summary>Nothing more is accepted; what is in flight goes on.</summary>
    Closing,

    /// <summary>What is still in flight is ended.</summary>
    Cutting,

    /// <summary>Nothing is in flight any more.</summary>
    Ended,
}
