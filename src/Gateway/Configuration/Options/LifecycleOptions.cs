using System.ComponentModel.DataAnnotations;

namespace BlazeGateway.Configuration.Options;

/// <summary>How the process stops.</summary>
internal sealed record DrainOptions
{
    /// <summary>
    /// After SIGTERM, how long new requests are still served while <c>/readyz</c> answers 503, so that whoever sends them learns of it; SIGINT (Ctrl+C) leaves it out.
    /// Default: 5 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long requests in flight may take once nothing more is accepted; what runs longer is ended. Default: 5 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>What is done when the process is stuck.</summary>
internal sealed record WatchdogOptions
{
    /// <summary>Whether a thread looks after the thread pool; it also does when systemd asks for signs of life. Default: true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>How long the thread pool may run nothing before the process counts as stuck. Default: 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan StuckAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether a stuck process ends itself, with exit code 70, so that a supervisor starts another. Default: false, log, metric and <c>/livez</c> tell.</summary>
    public bool ExitWhenStuck { get; init; }
}
