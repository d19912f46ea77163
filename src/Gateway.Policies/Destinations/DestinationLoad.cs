using System.Runtime.InteropServices;
using BlazeGateway.Policies.Destinations.Reports;

namespace BlazeGateway.Policies.Destinations;

/// <summary>
/// What one destination has to do and how quickly it does it: the plain numbers that strategies go by. Reserved when a destination is picked, so that two
/// picks never see the same idle destination for longer than one of them takes. No lock; whoever reads sees each number whole and none older than its own writes.
/// </summary>
internal sealed class DestinationLoad
{
    /// <summary>Largest weight.</summary>
    public const int MaxWeight = 256;

    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);

    private Counters _counters;
    private int _weight = 1;
    private int _maxInFlight = int.MaxValue;
    private double _ease = 1;
    private ReportedLoad? _reported;

    /// <param name="id">Id of the destination; what consistent hashing places it by.</param>
    public DestinationLoad(string id) => Id = id;

    /// <summary>Id of the destination.</summary>
    public string Id { get; }

    /// <summary>Configured weight, 0 to <see cref="MaxWeight"/>; 0 takes no new requests.</summary>
    public int Weight
    {
        get => Volatile.Read(ref _weight);
        set => Volatile.Write(ref _weight, value);
    }

    /// <summary>Part of its weight it has while it is eased in, above 0 to 1.</summary>
    public double Ease
    {
        get => Volatile.Read(ref _ease);
        set => Volatile.Write(ref _ease, value);
    }

    /// <summary>Most requests in flight.</summary>
    public int MaxInFlight
    {
        get => Volatile.Read(ref _maxInFlight);
        set => Volatile.Write(ref _maxInFlight, value);
    }

    /// <summary>Requests picked and not finished.</summary>
    public int InFlight => Volatile.Read(ref _counters.InFlight);

    /// <summary>Time to the first byte of the answer, a failure counted as what it costs the client.</summary>
    public PeakEwma FirstByte { get; } = new(Memory);

    /// <summary>What the server itself reported last; null while it is not known or nobody asks.</summary>
    public ReportedLoad? Reported
    {
        get => Volatile.Read(ref _reported);
        set => Volatile.Write(ref _reported, value);
    }

    /// <summary>Whether it may be picked once more: it has a weight and room.</summary>
    public bool IsOpen => Weight > 0 && InFlight < MaxInFlight;

    /// <summary>Weight times ease.</summary>
    public double EffectiveWeight => Weight * Ease;

    /// <summary>Takes a place.</summary>
    public void Reserve() => Interlocked.Increment(ref _counters.InFlight);

    /// <summary>Gives a place back; once for each <see cref="Reserve"/>.</summary>
    public void Release() => Interlocked.Decrement(ref _counters.InFlight);

    /// <summary>Another server stands behind it: what was learned of the old one goes. Requests in flight stay counted until they end.</summary>
    public void Forget()
    {
        FirstByte.Reset();
        Reported = null;
    }

    /// <summary>On a cache line of its own: it is written with every request, what is beside it is read by every pick.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Counters
    {
        [FieldOffset(128)]
        public int InFlight;
    }
}
