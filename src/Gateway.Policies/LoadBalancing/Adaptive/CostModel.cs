using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>What the time to a first chunk is told from.</summary>
/// <param name="Tokens">Prompt tokens to compute before it, thousands: those that wait on the destination, and the request's own that are not in its cache.</param>
/// <param name="InFlight">Requests in flight on the destination.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CostFeatures(double Tokens, double InFlight);

/// <summary>Coefficients of a <see cref="CostModel"/>, seconds.</summary>
/// <param name="Constant">Whatever there is to do.</param>
/// <param name="PerToken">For each thousand tokens to compute.</param>
/// <param name="PerRequest">For each request in flight.</param>
/// <param name="PerBoth">For each thousand tokens and request in flight.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CostShape(double Constant, double PerToken, double PerRequest, double PerBoth)
{
    private const double Least = 1e-4;

    /// <summary>Seconds to the first chunk on a destination of factor 1, at least 0.1 ms.</summary>
    public double Predict(in CostFeatures at) => Math.Max(Least, Constant + (PerRequest * at.InFlight) + (at.Tokens * (PerToken + (PerBoth * at.InFlight))));
}

/// <summary>
/// Predicts the time to the first chunk: a constant, a part for each token to be computed, one for each request in flight, and one for both together, since
/// whatever decodes lengthens each step of a prefill. The four coefficients hold for all destinations of a cluster and one model; a factor of each
/// destination (<see cref="Destinations.DestinationPace"/>) says how much longer it takes. They begin as those of an ordinary model server and follow what is
/// measured by recursive least squares of the relative error with forgetting (Haykin, Adaptive Filter Theory, chapter on RLS), never below 0.
/// </summary>
internal sealed class CostModel
{
    private const int Count = 4;
    private const double Forgetting = 0.999;

    private static readonly double[] First = [0.01, 0.125, 0.002, 0.002];

    private readonly double[] _coefficients = [.. First];
    private readonly double[] _spread = Diagonal();
    private int _busy;
    private int _samples;

    /// <summary>Answers learned from.</summary>
    public int Samples => Volatile.Read(ref _samples);

    /// <summary>The coefficients, seconds: constant, per thousand tokens, per request in flight, per both.</summary>
    public IReadOnlyList<double> Coefficients => _coefficients;

    /// <summary>The coefficients as they are now, to predict many costs with.</summary>
    public CostShape Shape => new(
        Volatile.Read(ref _coefficients[0]), Volatile.Read(ref _coefficients[1]), Volatile.Read(ref _coefficients[2]), Volatile.Read(ref _coefficients[3]));

    /// <summary>Seconds to the first chunk on a destination of factor 1, at least 0.1 ms.</summary>
    public double Predict(in CostFeatures at) => Shape.Predict(at);

    /// <summary>A first chunk took <paramref name="seconds"/>, the factor of its destination taken off. Left out when another thread is at it: no one waits.</summary>
    public void Learn(in CostFeatures at, double seconds)
    {
        if (Interlocked.Exchange(ref _busy, 1) != 0)
        {
            return;
        }

        try
        {
            Update(at, seconds);
            Volatile.Write(ref _samples, _samples + 1);
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    private void Update(in CostFeatures at, double seconds)
    {
        var predicted = Predict(at);
        var scale = 1 / predicted;
        Span<double> x = [scale, at.Tokens * scale, at.InFlight * scale, at.Tokens * at.InFlight * scale];
        Span<double> gain = stackalloc double[Count];
        var all = Forgetting;
        for (var i = 0; i < Count; i++)
        {
            for (var j = 0; j < Count; j++)
            {
                gain[i] += _spread[(i * Count) + j] * x[j];
            }

            all += x[i] * gain[i];
        }

        // One answer that took many times as long says that something else went on.
        var off = Math.Clamp((seconds * scale) - 1, -1, 2);
        Span<double> growth = stackalloc double[Count];
        for (var i = 0; i < Count; i++)
        {
            // What no request says anything of must not grow for ever, nor keep the others from being followed.
            growth[i] = _spread[(i * Count) + i] < Widest(i) ? 1 / Math.Sqrt(Forgetting) : 1;
        }

        for (var i = 0; i < Count; i++)
        {
            var k = gain[i] / all;
            Volatile.Write(ref _coefficients[i], Math.Max(0, _coefficients[i] + (k * off)));
            for (var j = 0; j <= i; j++)
            {
                // Both halves from one: apart they drift, until one of the squares comes out below 0.
                _spread[(i * Count) + j] = _spread[(j * Count) + i] = (_spread[(i * Count) + j] - (k * gain[j])) * growth[i] * growth[j];
            }
        }

        if (!IsSound())
        {
            First.CopyTo(_coefficients, 0);
            Diagonal().CopyTo(_spread, 0);
        }
    }

    /// <summary>Whether rounding has left something to go on with.</summary>
    private bool IsSound()
    {
        for (var i = 0; i < Count; i++)
        {
            if (!double.IsFinite(_coefficients[i]) || !(_spread[(i * Count) + i] > 0 && double.IsFinite(_spread[(i * Count) + i])))
            {
                return false;
            }
        }

        return true;
    }

    private static double Widest(int coefficient) => Math.Pow(10 * First[coefficient], 2);

    /// <summary>How far from what they begin as the coefficients may well be.</summary>
    private static double[] Diagonal()
    {
        var spread = new double[Count * Count];
        for (var i = 0; i < Count; i++)
        {
            spread[(i * Count) + i] = Widest(i);
        }

        return spread;
    }
}
