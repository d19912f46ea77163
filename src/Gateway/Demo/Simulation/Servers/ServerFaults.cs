namespace BlazeGateway.Demo.Simulation.Servers;

/// <summary>What goes wrong with a simulated server. All moments are seconds from the start.</summary>
internal sealed record ServerFaults
{
    /// <summary>Every request fails (a 500) this many seconds after it came; null for not at all.</summary>
    public double? FailsAfter { get; init; }

    /// <summary>From when on requests fail.</summary>
    public double FailsFrom { get; init; }

    /// <summary>Until when they fail.</summary>
    public double FailsUntil { get; init; } = double.PositiveInfinity;

    /// <summary>When it stands still, connections open; null for never.</summary>
    public double? StallFrom { get; init; }

    /// <summary>When it goes on.</summary>
    public double StallUntil { get; init; }

    /// <summary>When it ends: open answers break off, its cache is lost; null for never.</summary>
    public double? RestartAt { get; init; }

    /// <summary>How long its port is closed then.</summary>
    public double RestartSeconds { get; init; } = 1;

    /// <summary>Its speed from moments on.</summary>
    public IReadOnlyList<SpeedChange> Speeds { get; init; } = [];
}

/// <summary>A server's speed changes. A step under way ends at the earlier one.</summary>
/// <param name="At">Seconds from the start.</param>
/// <param name="Speed">Share of its ordinary rates.</param>
internal sealed record SpeedChange(double At, double Speed);
