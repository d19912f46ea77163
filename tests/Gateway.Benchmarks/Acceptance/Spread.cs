using System.Globalization;
using System.Runtime.InteropServices;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>A figure of several seeds: its mean, the least and the largest.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Spread(double Mean, double Least, double Most)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        return new Spread(all.Average(), all.Min(), all.Max());
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Mean:0.00} ({Least:0.00} to {Most:0.00})");
}
