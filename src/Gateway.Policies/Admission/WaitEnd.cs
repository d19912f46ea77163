namespace BlazeGateway.Policies.Admission;

/// <summary>What came of waiting.</summary>
internal enum WaitEnd : byte
{
    /// <summary>There may be room now; whoever waited tries, and tells the queue how that went.</summary>
    Granted,

    /// <summary>Its deadline is over.</summary>
    Expired,

    /// <summary>It made room for a request that goes before it.</summary>
    Displaced,

    /// <summary>It was taken out, because its client left or the gateway stops.</summary>
    Left,
}
