namespace BlazeGateway.Policies.Pipeline;

/// <summary>Why a request that found its cluster full was not served.</summary>
internal enum ShedReason : byte
{
    /// <summary>There was no place in the queue.</summary>
    Full,

    /// <summary>It gave its place in the queue to another.</summary>
    Displaced,

    /// <summary>It waited as long as it may.</summary>
    Timeout,

    /// <summary>Nobody may wait, for memory is short.</summary>
    Memory,
}

/// <summary>Reasons and their names.</summary>
internal static class ShedReasons
{
    /// <summary>Reasons there are.</summary>
    public const int Count = 4;

    private static readonly string[] Names = ["full", "displaced", "timeout", "memory"];

    /// <summary>The name of a reason.</summary>
    public static string NameOf(ShedReason reason) => Names[(int)reason];
}
