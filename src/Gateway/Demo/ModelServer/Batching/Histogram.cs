namespace BlazeGateway.Demo.ModelServer.Batching;

/// <summary>Counts of values up to each bound. One writer.</summary>
internal sealed class Histogram(double[] bounds)
{
    private readonly long[] _counts = new long[bounds.Length + 1];

    public IReadOnlyList<double> Bounds => bounds;

    public double Sum { get; private set; }

    public long Count { get; private set; }

    public void Observe(double value)
    {
        var i = Array.BinarySearch(bounds, value);
        _counts[i < 0 ? ~i : i]++;
        Sum += value;
        Count++;
    }

    /// <summary>Values in bucket <paramref name="index"/> alone; the last bucket is unbounded.</summary>
    public long At(int index) => _counts[index];
}
