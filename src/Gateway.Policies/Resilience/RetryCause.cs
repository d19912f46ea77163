namespace BlazeGateway.Policies.Resilience;

/// <summary>Why a request is sent to another destination.</summary>
internal enum RetryCause : byte
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>There was no connection, so nothing was sent.</summary>
    NotConnected,

    /// <summary>The destination said that it did not begin with it (an HTTP/2 stream refused).</summary>
    NotProcessed,

    /// <summary>The connection broke off before the first byte of the answer.</summary>
    Broken,

    /// <summary>It was answered 502, 503 or 504.</summary>
    Status,

    /// <summary>It was answered 429.</summary>
    RateLimited,

    /// <summary>The destination was taken out while the request waited for it.</summary>
    Ejected,
}

/// <summary>What the causes mean, and how they are written in labels.</summary>
internal static class RetryCauses
{
    private static readonly string[] Names = ["none", "not_connected", "not_processed", "broken", "status", "rate_limited", "ejected"];

    /// <summary>Number of causes.</summary>
    public static int Count => Names.Length;

    /// <summary>Label value.</summary>
    public static string Name(this RetryCause cause) => Names[(int)cause];

    /// <summary>What the status of an answer gives cause to. 500 is what the request itself may have brought about.</summary>
    public static RetryCause OfStatus(int status) => status switch
    {
        429 => RetryCause.RateLimited,
        502 or 503 or 504 => RetryCause.Status,
        _ => RetryCause.None,
    };

    /// <summary>Whether the destination may have begun with the request, so that sending it again may do it twice.</summary>
    public static bool MayHaveBegun(this RetryCause cause) => cause is RetryCause.Broken or RetryCause.Status or RetryCause.Ejected;

    /// <summary>Whether the cause is dealt with once, so that it needs no budget: the destination that refused is left out from then on.</summary>
    public static bool IsFree(this RetryCause cause) => cause is RetryCause.NotConnected or RetryCause.RateLimited or RetryCause.Ejected;
}
