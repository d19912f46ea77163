using System.Text.Json.Nodes;
using BlazeGateway.Configuration.Reload;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using BlazeGateway.Policies.Pipeline;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Api;

/// <summary>What the admin plane asks of the rest of the process. Called on thread-pool threads, at any time.</summary>
internal sealed record AdminPorts
{
    /// <summary>The state of the configuration.</summary>
    public required Func<ConfigurationReport> Configuration { get; init; }

    /// <summary>Reads the configuration again now and says what became of it.</summary>
    public required Func<CancellationToken, Task<ReloadReport>> Reload { get; init; }

    /// <summary>The effective configuration with secrets masked, or null when there is none to show.</summary>
    public Func<JsonNode?> EffectiveConfiguration { get; init; } = static () => null;

    /// <summary>Whether the process has begun to stop.</summary>
    public Func<bool> IsDraining { get; init; } = static () => false;

    /// <summary>Why the process is stuck; null while it is not.</summary>
    public Func<string?> StuckBecause { get; init; } = static () => null;

    /// <summary>Addresses that are listened on, for people to read.</summary>
    public Func<IReadOnlyList<string>> Listeners { get; init; } = static () => [];

    /// <summary>The availability of a cluster's destinations.</summary>
    public Func<ClusterState, IReadOnlyList<DestinationReport>> Destinations { get; init; } = static _ => [];

    /// <summary>What <c>Adaptive</c> thinks of a cluster; null when it has learned nothing of it.</summary>
    public Func<ClusterState, AdaptiveReport?> Adaptive { get; init; } = static _ => null;

    /// <summary>How much waits for a cluster; null when it bounds nothing.</summary>
    public Func<ClusterState, QueueReport?> Queue { get; init; } = static _ => null;

    /// <summary>The decisions of strategies; null when there is no proxy that makes any.</summary>
    public DecisionRecorder? Decisions { get; init; }

    /// <summary>Takes a destination of a cluster out, or puts it back; false when there is none of that id.</summary>
    public Func<ClusterState, string, bool, bool> SetDraining { get; init; } = static (_, _, _) => false;

    /// <summary>Takes a destination of a cluster out until it is reset; false when there is none of that id.</summary>
    public Func<ClusterState, string, bool> Isolate { get; init; } = static (_, _) => false;

    /// <summary>Forgets what speaks against a destination of a cluster and puts it back; false when there is none of that id.</summary>
    public Func<ClusterState, string, bool> Reset { get; init; } = static (_, _) => false;

    /// <summary>Models the destinations of a cluster serve.</summary>
    public Func<string, IReadOnlyCollection<string>> Models { get; init; } = static _ => [];
}

/// <summary>The state of the configuration at one moment.</summary>
/// <param name="IsApplied">Whether any configuration is in effect.</param>
/// <param name="LastReloadSucceeded">Whether the latest attempt was applied or changed nothing.</param>
internal sealed record ConfigurationReport(bool IsApplied, bool LastReloadSucceeded)
{
    /// <summary>Files the configuration was read from.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [];

    /// <summary>Counts configurations applied since the start; 0 before the first.</summary>
    public int Version { get; init; }

    /// <summary>When the configuration in effect was applied.</summary>
    public DateTimeOffset? AppliedAt { get; init; }

    /// <summary>Keys that changed and take effect at the next start only.</summary>
    public IReadOnlyList<string> NeedsRestart { get; init; } = [];

    /// <summary>What was wrong with the latest attempt, one line each, with file and place.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];
}

/// <summary>What became of a reload.</summary>
/// <param name="Configuration">The state of the configuration right after it.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Changes">Routes, clusters and destinations that it added, changed or removed.</param>
internal sealed record ReloadReport(ConfigurationReport Configuration, ReloadOutcome Outcome, IReadOnlyList<ConfigurationChange> Changes);
