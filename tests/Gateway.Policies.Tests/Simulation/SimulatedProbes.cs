using BlazeGateway.Policies.Destinations;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>
/// Probes of the destinations of model servers. The product's <see cref="DestinationWatch"/> runs on the thread pool, where no run is like the one before, so
/// its order is followed here: one question at a time, at its pace, at once when silence or a failure calls for it, and nothing told of an address that changed.
/// </summary>
internal sealed class SimulatedProbes(SimulatedGateway gateway, Random random)
{
    private readonly Dictionary<DestinationState, Watched> _watched = [];
    private bool _listens;

    /// <summary>Whether a destination is probed.</summary>
    public bool IsProbed(DestinationState destination) => _watched.ContainsKey(destination);

    /// <summary>Takes over what is configured now.</summary>
    public void Begin()
    {
        if (!_listens)
        {
            _listens = true;
            gateway.Registry.Listen(change =>
            {
                if (change.WantsProbe)
                {
                    Ask(change.Destination);
                }
            });
        }

        var wanted = gateway.Setup.Cluster.ModelServer is null ? [] : gateway.State.DestinationsState.AllDestinations;
        foreach (var gone in _watched.Keys.Except(wanted).ToArray())
        {
            _watched.Remove(gone);
        }

        foreach (var destination in wanted.OrderBy(destination => destination.DestinationId, StringComparer.Ordinal))
        {
            if (_watched.TryAdd(destination, new Watched()))
            {
                Plan(destination, TimeSpan.Zero);
            }
        }
    }

    /// <summary>Probes at once.</summary>
    public void Ask(DestinationState destination)
    {
        if (_watched.TryGetValue(destination, out var watched))
        {
            watched.IsWanted = true;
            Plan(destination, Gap(watched));
        }
    }

    private TimeSpan Gap(Watched watched)
    {
        var left = watched.Began + ProbePace.Gap - gateway.Time.Now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void Plan(DestinationState destination, TimeSpan after)
    {
        var watched = _watched[destination];
        if (watched.IsAsking)
        {
            return;
        }

        var turn = ++watched.Turn;
        gateway.Time.After(after, () =>
        {
            if (watched.Turn == turn && !watched.IsAsking && _watched.GetValueOrDefault(destination) == watched)
            {
                Begin(destination, watched);
            }
        });
    }

    private void Begin(DestinationState destination, Watched watched)
    {
        var address = destination.Model.Config.Address;
        var finding = gateway.Server(new Uri(address).Host).Probe(watched.Pace.Patience);
        (watched.IsAsking, watched.IsWanted, watched.Began) = (true, false, gateway.Time.Now);
        gateway.Time.After(finding.Took, () =>
        {
            watched.IsAsking = false;
            if (_watched.GetValueOrDefault(destination) != watched)
            {
                return;
            }

            if (destination.Model.Config.Address == address)
            {
                Take(destination, watched.Pace, finding with { Took = gateway.Time.Now - watched.Began });
            }

            Plan(destination, watched.IsWanted ? Gap(watched) : ProbePace.Interval(gateway.Registry.IsCalm(destination), _watched.Count) * (0.9 + (0.2 * random.NextDouble())));
        });
    }

    private void Take(DestinationState destination, ProbePace pace, in ProbeFinding finding)
    {
        var isAwaited = gateway.Registry.LoadOf(destination) is { InFlight: > 0 };
        var counts = gateway.Registry.Probed(destination, finding);
        if (finding.Kind == ProbeFindingKind.Alive)
        {
            pace.Learn(finding.Took);
        }
        else if (finding.Kind == ProbeFindingKind.Silent)
        {
            pace.LearnSilence(finding.Took, isAwaited, counts);
        }
    }

    private sealed class Watched
    {
        public ProbePace Pace { get; } = new();

        public bool IsAsking { get; set; }

        public bool IsWanted { get; set; }

        public TimeSpan Began { get; set; } = TimeSpan.MinValue / 2;

        public int Turn { get; set; }
    }
}
