namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>Mean and variance in which later samples count more. Written under somebody's gate, read by anyone.</summary>
/// <param name="discount">What a sample still counts for after the next one.</param>
internal sealed class DiscountedMean(double discount)
{
    private double _weight;
    private double _sum;
    private double _squares;

    /// <summary>Samples that still count.</summary>
    public double Weight => Volatile.Read(ref _weight);

    /// <summary>Their mean, 0 without any.</summary>
    public double Value => Weight is > 0 and var weight ? Volatile.Read(ref _sum) / weight : 0;

    /// <summary>Variance of the mean; infinite with fewer than two samples.</summary>
    public double VarianceOfMean
    {
        get
        {
            var weight = Weight;
            return weight < 2 ? double.PositiveInfinity : Math.Max(0, (Volatile.Read(ref _squares) / weight) - (Value * Value)) / (weight - 1);
        }
    }

    /// <summary>Takes a sample.</summary>
    public void Add(double sample)
    {
        Volatile.Write(ref _weight, (_weight * discount) + 1);
        Volatile.Write(ref _sum, (_sum * discount) + sample);
        Volatile.Write(ref _squares, (_squares * discount) + (sample * sample));
    }

    /// <summary>Forgets all samples.</summary>
    public void Clear()
    {
        Volatile.Write(ref _weight, 0);
        Volatile.Write(ref _sum, 0);
        Volatile.Write(ref _squares, 0);
    }
}
