using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>What the strategy learned of a cluster.</summary>
internal sealed class AdaptiveMemory
{
    public AdaptiveMemory() => Trial = new ModelTrial(Arms);

    /// <summary>Share of failures beyond which nothing is tried.</summary>
    public const double MostFailures = 0.01;

    private const double Part = 0.01;

    private double _failures;
    private double _perChunk;

    /// <summary>How long first chunks take, by model.</summary>
    public ByModel<CostModel> Costs { get; } = new(static () => new CostModel(), static model => model.Samples == 0);

    /// <summary>Which way to pick does best.</summary>
    public ArmBandit Arms { get; } = new(AdaptiveArms.Count);

    /// <summary>Whether the model is worth following.</summary>
    public ModelTrial Trial { get; }

    /// <summary>Whether it was followed last.</summary>
    public ModelStanding Standing { get; } = new();

    /// <summary>How often each way to pick was used.</summary>
    public ArmTally Tally { get; } = new();

    /// <summary>Share of attempts in the cluster that fail, lately.</summary>
    public double Failures => Volatile.Read(ref _failures);

    /// <summary>Seconds between chunks on average over the destinations, 0 when not known.</summary>
    public double PerChunk => Volatile.Read(ref _perChunk);

    /// <summary>An attempt ended.</summary>
    public void Judged(bool isFailure) => Volatile.Write(ref _failures, (Failures * (1 - Part)) + (isFailure ? Part : 0));

    /// <summary>Chunks came <paramref name="seconds"/> apart.</summary>
    public void ChunksCame(double seconds) => Volatile.Write(ref _perChunk, PerChunk == 0 ? seconds : PerChunk + (Part * (seconds - PerChunk)));
}
