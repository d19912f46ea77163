namespace BlazeGateway.Benchmarks.Load;

/// <summary>What nginx or HAProxy balance over.</summary>
internal sealed record PeerCluster
{
    /// <summary>Where requests go.</summary>
    public required IReadOnlyList<Uri> Destinations { get; init; }

    /// <summary>The line that chooses the way of balancing, in the peer's own words. Default: empty, the peer's default.</summary>
    public string Balance { get; init; } = "";

    /// <summary>One weight for each destination. Default: null, none is written.</summary>
    public IReadOnlyList<int>? Weights { get; init; }

    /// <summary>Longest silence of a destination, seconds. Default: 60, which is nginx's own.</summary>
    public int IdleSeconds { get; init; } = 60;

    /// <summary>Connections nginx keeps open to all destinations together. Default: 64.</summary>
    public int KeptConnections { get; init; } = 64;

    /// <summary>Whether HAProxy checks health every second and retries what may be retried. Default: false, as it comes.</summary>
    public bool IsTuned { get; init; }

    /// <summary>What stands behind the address of a destination.</summary>
    public string WeightOf(int destination, string separator) => Weights is null ? "" : $" weight{separator}{Weights[destination]}";
}
