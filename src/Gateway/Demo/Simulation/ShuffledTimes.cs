using BlazeGateway.Policies.Health;

namespace BlazeGateway.Demo.Simulation;

/// <summary>Times in another order: each is handed out once, some hundreds later, so that it says nothing of whom it is handed to.</summary>
/// <param name="chance">Decides which.</param>
internal sealed class ShuffledTimes(Chance chance)
{
    private const int Most = 300;

    private readonly List<double> _kept = [];

    /// <summary>Keeps <paramref name="seconds"/> and gives another; the same while few are kept.</summary>
    public double Swap(double seconds)
    {
        if (_kept.Count < Most)
        {
            _kept.Add(seconds);
            return _kept[(int)(chance.Next() * _kept.Count)];
        }

        var place = (int)(chance.Next() * Most);
        (var other, _kept[place]) = (_kept[place], seconds);
        return other;
    }
}
