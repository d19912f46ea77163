namespace BlazeGateway.Policies.Admission;

/// <summary>What a request that waits may hope for.</summary>
internal enum Outlook : byte
{
    /// <summary>All that would take it are full.</summary>
    Full,

    /// <summary>It could begin now.</summary>
    Open,

    /// <summary>Nobody would take it, full or not: it waits in vain.</summary>
    Vain,
}
