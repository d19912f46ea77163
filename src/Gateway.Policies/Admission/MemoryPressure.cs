using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Admission;

/// <summary>How much memory is in use.</summary>
/// <param name="Used">Bytes in use, of whatever the limit is for: a container, or the machine.</param>
/// <param name="Limit">Bytes there are.</param>
/// <param name="Own">Bytes this process has of them.</param>
/// <param name="At">Counts looks of the collector; the bytes in use are those of its last one.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MemoryReading(long Used, long Limit, long Own, long At)
{
    /// <summary>What the collector saw last.</summary>
    public static MemoryReading Now()
    {
        var seen = GC.GetGCMemoryInfo(GCKind.Any);
        return new MemoryReading(seen.MemoryLoadBytes, seen.TotalAvailableMemoryBytes, Environment.WorkingSet, seen.Index);
    }
}

/// <summary>How short memory is.</summary>
internal enum MemoryState : byte
{
    /// <summary>There is enough.</summary>
    Calm,

    /// <summary>No queue, and no large bodies.</summary>
    Short,

    /// <summary>No new requests.</summary>
    Out,
}

/// <summary>
/// Whether the process takes what needs memory. Looks once every <see cref="Period"/>, never for a request, which reads <see cref="State"/>. A process that has
/// little of what is used is not asked to give it up: refusing requests would free nothing.
/// </summary>
internal sealed class MemoryPressure : IDisposable
{
    /// <summary>Part of the limit from which memory is short.</summary>
    public const double Short = 0.85;

    /// <summary>Part of the limit from which there is none left.</summary>
    public const double Out = 0.95;

    /// <summary>Part of the limit a process must have itself.</summary>
    public const double LeastOwn = 0.1;

    /// <summary>Largest body that is taken while memory is short, bytes.</summary>
    public const long MostBody = 64 * 1024;

    /// <summary>Time between two looks.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Func<MemoryReading> _read;
    private readonly Action _collect;
    private readonly ITimer _timer;
    private byte _state;
    private long _seen = -1;
    private double _used;

    /// <param name="time">Clock.</param>
    /// <param name="read">What is in use. Default: what the collector saw last.</param>
    /// <param name="collect">Has the collector look again. Default: a collection of young objects in the background.</param>
    public MemoryPressure(TimeProvider time, Func<MemoryReading>? read = null, Action? collect = null)
    {
        _read = read ?? MemoryReading.Now;
        _collect = collect ?? (static () => GC.Collect(1, GCCollectionMode.Optimized, blocking: false));
        _timer = time.CreateTimer(static state => ((MemoryPressure)state!).Look(), this, Period, Period);
    }

    /// <summary>How short memory is.</summary>
    public MemoryState State => (MemoryState)Volatile.Read(ref _state);

    /// <summary>Part of the limit that is in use.</summary>
    public double Used => Volatile.Read(ref _used);

    /// <summary>The state of a reading.</summary>
    public static MemoryState Of(in MemoryReading reading) => reading switch
    {
        { Limit: <= 0 } => MemoryState.Calm,
        _ when reading.Own < LeastOwn * reading.Limit => MemoryState.Calm,
        _ when reading.Used >= Out * reading.Limit => MemoryState.Out,
        _ when reading.Used >= Short * reading.Limit => MemoryState.Short,
        _ => MemoryState.Calm,
    };

    /// <inheritdoc />
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        var reading = _read();
        var state = Of(reading);

        // The collector looks when something is allocated. Where all is refused nothing is, and the state would never end.
        if (state != MemoryState.Calm && reading.At == _seen)
        {
            _collect();
            reading = _read();
            state = Of(reading);
        }

        _seen = reading.At;
        Volatile.Write(ref _used, reading.Limit > 0 ? (double)reading.Used / reading.Limit : 0);
        Volatile.Write(ref _state, (byte)state);
    }
}
