namespace BlazeGateway.Policies.Health;

/// <summary>Why a destination is in its state.</summary>
internal enum AvailabilityReason : byte
{
    /// <summary>Nothing speaks against it.</summary>
    Assumed,

    /// <summary>A request found its port closed.</summary>
    ConnectRefused,

    /// <summary>A request got no connection.</summary>
    ConnectFailed,

    /// <summary>A request got no first byte in time.</summary>
    FirstByteTimeout,

    /// <summary>A request was answered 5xx.</summary>
    ServerError,

    /// <summary>An answer broke off or stood still.</summary>
    BrokenOff,

    /// <summary>A probe found its port closed, or no way to it.</summary>
    ProbeRefused,

    /// <summary>A probe got no answer in time.</summary>
    ProbeSilent,

    /// <summary>A probe's connection broke off.</summary>
    ProbeBroken,

    /// <summary>A probe was answered 5xx.</summary>
    ProbeServerError,

    /// <summary>A probe was answered 503.</summary>
    ProbeUnavailable,

    /// <summary>A probe found no address for the host name.</summary>
    ProbeUnresolved,

    /// <summary>A probe was told that the model is being loaded.</summary>
    ProbeLoading,

    /// <summary>It answers probes.</summary>
    ProbeAlive,

    /// <summary>It answers requests.</summary>
    Answers,

    /// <summary>It answered the one request it was sent.</summary>
    TrialAnswered,

    /// <summary>The time of the ejection is over.</summary>
    BackOffOver,

    /// <summary>It would be ejected, but at most half of a cluster may be.</summary>
    EjectionCap,

    /// <summary>An operator drained it.</summary>
    Drained,

    /// <summary>An operator resumed it.</summary>
    Resumed,

    /// <summary>YARP's active health check of the cluster.</summary>
    YarpActive,

    /// <summary>YARP's passive health check of the cluster.</summary>
    YarpPassive,

    /// <summary>Its address changed.</summary>
    NewAddress,

    /// <summary>It joined the cluster.</summary>
    Joined,

    /// <summary>It is not probed any more.</summary>
    ProbingEnded,

    /// <summary>Its streams stand still although it answers probes.</summary>
    NoProgress,

    /// <summary>Bytes of its answers come.</summary>
    Progress,

    /// <summary>Too many of its requests failed lately.</summary>
    CircuitOpen,

    /// <summary>An operator isolated it.</summary>
    Isolated,

    /// <summary>An operator reset it.</summary>
    Reset,

    /// <summary>Requests wait, and the other destinations have no room for them.</summary>
    Needed,
}

/// <summary>The reasons in words, and as they are written in labels.</summary>
internal static class AvailabilityReasons
{
    private static readonly (string Label, string Sentence)[] Texts =
    [
        ("assumed", "nothing speaks against it"),
        ("connect_refused", "a request found the connection refused"),
        ("connect_failed", "a request got no connection"),
        ("first_byte_timeout", "a request got no first byte in time"),
        ("server_error", "requests are answered 5xx"),
        ("broken_off", "answers break off"),
        ("probe_refused", "a probe found the connection refused"),
        ("probe_silent", "a probe got no answer in time"),
        ("probe_broken", "the connection of a probe broke off"),
        ("probe_server_error", "a probe was answered 5xx"),
        ("probe_unavailable", "a probe was answered 503"),
        ("probe_unresolved", "the host name has no address"),
        ("probe_loading", "it is loading its model"),
        ("probe_alive", "it answers probes"),
        ("answers", "it answers requests"),
        ("trial_answered", "it answered the trial request"),
        ("back_off_over", "the time of the ejection is over"),
        ("ejection_cap", "at most half of the destinations may be ejected"),
        ("drained", "drained by an operator"),
        ("resumed", "resumed by an operator"),
        ("yarp_active", "the active health check of YARP"),
        ("yarp_passive", "the passive health check of YARP"),
        ("new_address", "its address changed"),
        ("joined", "it joined the cluster"),
        ("probing_ended", "it is not probed any more"),
        ("no_progress", "it answers probes, but its streams stand still"),
        ("progress", "bytes of its answers come"),
        ("circuit_open", "its circuit is open: too many requests failed"),
        ("isolated", "isolated by an operator until it is reset"),
        ("reset", "reset by an operator"),
        ("needed", "requests wait and the others are full"),
    ];

    /// <summary>Label value.</summary>
    public static string Label(this AvailabilityReason reason) => Texts[(int)reason].Label;

    /// <summary>Half a sentence for people.</summary>
    public static string Sentence(this AvailabilityReason reason) => Texts[(int)reason].Sentence;

    /// <summary>Whether it tells of the connection or of a probe, so that a probe that succeeds takes it back. A 5xx or a broken answer is not taken back by one.</summary>
    public static bool IsOfConnection(this AvailabilityReason reason) =>
        reason is AvailabilityReason.ConnectRefused or AvailabilityReason.ConnectFailed || IsOfProbe(reason);

    /// <summary>Whether a probe found it.</summary>
    public static bool IsOfProbe(this AvailabilityReason reason) => reason is >= AvailabilityReason.ProbeRefused and <= AvailabilityReason.ProbeAlive;
}
