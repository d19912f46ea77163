using System.Diagnostics.CodeAnalysis;

namespace BlazeGateway.Policies.Destinations;

/// <summary>
/// A moving average that follows rises at once and falls slowly: a sample above it takes its place, one below it pulls it down by how long ago the last
/// one came (Finagle's peak EWMA). Value and time are one word, so readers and writers need no lock.
/// </summary>
/// <param name="decay">Time after which a sample counts for 1/e.</param>
internal sealed class PeakEwma(TimeSpan decay)
{
    private const int MillisecondsInStamp = 16;

    private readonly double _decay = decay.TotalMilliseconds / MillisecondsInStamp;
    private long _packed;

    /// <summary>Whether there was a sample.</summary>
    public bool HasSample => (uint)Volatile.Read(ref _packed) != 0;

    /// <summary>The value at <paramref name="now"/>, seconds; 0 before the first sample. It decays towards nothing, so that a destination once found slow is tried again.</summary>
    /// <param name="now">Time since any fixed moment; before the last sample that counts in full.</param>
    public double At(TimeSpan now)
    {
        var packed = Volatile.Read(ref _packed);
        var (value, stamp) = Unpack(packed);
        return stamp != 0 && Elapsed(stamp, now) is > 0 and var elapsed ? value * Math.Exp(-elapsed / _decay) : value;
    }

    /// <summary>Takes a sample.</summary>
    /// <param name="sample">Seconds.</param>
    /// <param name="now">Time since the same moment.</param>
    public void Add(double sample, TimeSpan now)
    {
        while (true)
        {
            var packed = Volatile.Read(ref _packed);
            var (value, stamp) = Unpack(packed);
            var kept = stamp == 0 ? 0 : Math.Exp(-Elapsed(stamp, now) / _decay);
            var next = stamp == 0 || sample > value * kept ? sample : (value * kept) + (sample * (1 - kept));
            if (Interlocked.CompareExchange(ref _packed, Pack((float)next, Stamp(now)), packed) == packed)
            {
                return;
            }
        }
    }

    /// <summary>Forgets every sample.</summary>
    public void Reset() => Volatile.Write(ref _packed, 0);

    // Sixteenths of a second and less that wrap after two years; 0 stands for no sample.
    private static uint Stamp(TimeSpan now) => (uint)((long)now.TotalMilliseconds / MillisecondsInStamp) is 0 ? 1 : (uint)((long)now.TotalMilliseconds / MillisecondsInStamp);

    [SuppressMessage("Usage", "CA2020", Justification = "A difference of two stamps that wrap is right whatever their order.")]
    private static double Elapsed(uint stamp, TimeSpan now) => Math.Max(0, (int)(Stamp(now) - stamp));

    private static long Pack(float value, uint stamp) => ((long)BitConverter.SingleToInt32Bits(value) << 32) | stamp;

    private static (double Value, uint Stamp) Unpack(long packed) => (BitConverter.Int32BitsToSingle((int)(packed >> 32)), (uint)packed);
}
