namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>
/// Which of several ways to pick has done best lately: discounted upper confidence bounds (Garivier and Moulines, 2011), one decision a request. Rewards are
/// compared with what the best destination was predicted to cost, so that long prompts do not speak against whoever got them. No lock: a reward that comes
/// while another is entered is left out.
/// </summary>
/// <param name="count">How many ways there are.</param>
internal sealed class ArmBandit(int count)
{
    private const double Discount = 0.9998;
    private const double Curiosity = 0.2;

    private readonly double[] _weights = new double[count];
    private readonly double[] _rewards = new double[count];
    private int _busy;

    /// <summary>How many there are.</summary>
    public int Count => count;

    /// <summary>Average reward of an arm lately, 0 before the first.</summary>
    public double Mean(int arm) => Volatile.Read(ref _weights[arm]) is > 0 and var weight ? Volatile.Read(ref _rewards[arm]) / weight : 0;

    /// <summary>Rewards of an arm that still count.</summary>
    public double Weight(int arm) => Volatile.Read(ref _weights[arm]);

    /// <summary>Whether an arm earned, on average, as much as every other of which there are <paramref name="enough"/> rewards, or <paramref name="close"/> to it; false while it has too few itself.</summary>
    public bool Leads(int arm, int enough, double close)
    {
        for (var other = 0; other < count; other++)
        {
            if (other != arm && Weight(other) > enough && Mean(other) > Mean(arm) + close)
            {
                return false;
            }
        }

        return Weight(arm) > enough;
    }

    /// <summary>The arm to use now, of those whose bit is set.</summary>
    public int Choose(uint allowed)
    {
        var total = 1.0;
        for (var arm = 0; arm < count; arm++)
        {
            total += Volatile.Read(ref _weights[arm]);
        }

        var (best, most) = (-1, double.NegativeInfinity);
        var log = Math.Log(total + 1);
        for (var arm = 0; arm < count; arm++)
        {
            if ((allowed & (1u << arm)) == 0)
            {
                continue;
            }

            // A first reward counts like one of an arm that earned 0.
            var weight = Volatile.Read(ref _weights[arm]) + 1;
            var bound = (Volatile.Read(ref _rewards[arm]) / weight) + (Curiosity * Math.Sqrt(log / weight));
            if (bound > most)
            {
                (best, most) = (arm, bound);
            }
        }

        return best;
    }

    /// <summary>A request picked by <paramref name="arm"/> earned <paramref name="reward"/>.</summary>
    public void Learn(int arm, double reward)
    {
        if (Interlocked.Exchange(ref _busy, 1) != 0)
        {
            return;
        }

        for (var i = 0; i < count; i++)
        {
            Volatile.Write(ref _weights[i], _weights[i] * Discount);
            Volatile.Write(ref _rewards[i], _rewards[i] * Discount);
        }

        Volatile.Write(ref _weights[arm], _weights[arm] + 1);
        Volatile.Write(ref _rewards[arm], _rewards[arm] + reward);
        Volatile.Write(ref _busy, 0);
    }
}
