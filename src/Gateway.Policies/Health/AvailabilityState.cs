namespace BlazeGateway.Policies.Health;

/// <summary>Whether a destination is sent requests. It is in exactly one of these states at any time.</summary>
internal enum AvailabilityState : byte
{
    /// <summary>It is sent requests.</summary>
    Up,

    /// <summary>It is sent requests, but the last thing known of it speaks against it.</summary>
    Suspect,

    /// <summary>It is sent nothing for a while.</summary>
    Ejected,

    /// <summary>It is sent one request at a time, to find out.</summary>
    HalfOpen,

    /// <summary>An operator took it out; what is in flight is finished.</summary>
    Draining,

    /// <summary>It is starting: it loads its model, or has not answered yet.</summary>
    Loading,

    /// <summary>It answers probes and its streams stand still. It is sent nothing for a while.</summary>
    Wedged,
}

/// <summary>The states as they are written in metrics, logs and reports.</summary>
internal static class AvailabilityStates
{
    private static readonly string[] Names = ["up", "suspect", "ejected", "half-open", "draining", "loading", "wedged"];

    /// <summary>Number of states.</summary>
    public static int Count => Names.Length;

    /// <summary>The state's name.</summary>
    public static string Name(this AvailabilityState state) => Names[(int)state];
}
