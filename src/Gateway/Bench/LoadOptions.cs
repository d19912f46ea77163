namespace BlazeGateway.Bench;

/// <summary>One load: what is sent, how it arrives, and when it ends. Checked as a whole by <see cref="LoadLimits.Check"/>.</summary>
internal sealed record LoadOptions
{
    /// <summary>The requests.</summary>
    public required RequestOptions Request { get; init; }

    /// <summary>Open loop: requests per second, whatever the server does. Excludes <see cref="Concurrency"/>.</summary>
    public double? Rate { get; init; }

    /// <summary>Open loop: exponential gaps (true, the default) or equal ones.</summary>
    public bool Poisson { get; init; } = true;

    /// <summary>Open loop from a recording: start times counted from the start of the load, ascending. Excludes <see cref="Rate"/>.</summary>
    public IEnumerable<TimeSpan>? Arrivals { get; init; }

    /// <summary>Closed loop: this many clients, each sending its next request when the last is answered.</summary>
    public int? Concurrency { get; init; }

    /// <summary>No request starts after this. Default: until <see cref="Requests"/> were sent.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>No more than this many logical requests. Default: until <see cref="Duration"/> is over.</summary>
    public long? Requests { get; init; }

    /// <summary>Most connections of an open loop; opened when needed. A closed loop has one per client.</summary>
    public int Connections { get; init; } = 256;

    /// <summary>Given up when this long after the (scheduled) start of an attempt the answer is not complete.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a client repeats a refused or failed request (see <see cref="RetrySchedule"/>).</summary>
    public int Retries { get; init; }

    /// <summary>Fixes arrivals, prompts and jitter.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Goodput: a request counts when its first content came within this time.</summary>
    public TimeSpan TtftTarget { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Compute SHA-256 of every body and count the different ones.</summary>
    public bool HashBodies { get; init; }

    /// <summary>Allow targets that are not this machine.</summary>
    public bool AllowRemote { get; init; }

    /// <summary>True when arrivals do not wait for answers.</summary>
    public bool IsOpenLoop => Rate is not null || Arrivals is not null;
}
