using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Faults.Traffic;

/// <summary>What became of one request, as its client sees it.</summary>
internal sealed record Answer
{
    /// <summary>When it was due, seconds from the start of the load.</summary>
    public required double At { get; init; }

    /// <summary>From when it was due to its end.</summary>
    public required double Milliseconds { get; init; }

    /// <summary>From when it was due to the first text of a stream; to the end of what is no stream, or had no text.</summary>
    public required double FirstMilliseconds { get; init; }

    /// <summary>How it ended.</summary>
    public required LoadOutcome Outcome { get; init; }

    /// <summary>Its status, 0 without a head.</summary>
    public required int Status { get; init; }

    /// <summary>Whether a stream was asked for.</summary>
    public required bool IsStream { get; init; }

    /// <summary>Events with text in them.</summary>
    public int Contents { get; init; }

    /// <summary>Whether an event, whole and well-formed, told an error.</summary>
    public bool HasErrorEvent { get; init; }

    /// <summary>The value of <c>Retry-After</c>.</summary>
    public string? RetryAfter { get; init; }

    /// <summary>When it ended, seconds from the start of the load.</summary>
    public double EndedAt => At + (Milliseconds / 1000);

    /// <summary>A whole answer below 400; of a stream, with its end mark.</summary>
    public bool IsGood => Outcome == LoadOutcome.Ok;

    /// <summary>A stream of which text had come, and that did not come to its end: no proxy can begin it anew unseen.</summary>
    public bool IsBroken => !IsGood && Contents > 0;

    /// <summary>No answer, or one that tells that there is none: a transport error, a 5xx, or a part of an answer, and no text of a stream before.</summary>
    public bool IsLost => !IsGood && !IsBroken && !(Outcome == LoadOutcome.HttpError && Status < 500);
}
