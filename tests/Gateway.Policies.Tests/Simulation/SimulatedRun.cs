using BlazeGateway.Policies.Health;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>One seed: a gateway configured by chance, to which things happen by chance, and which has to recover once they are over.</summary>
internal sealed class SimulatedRun : IDisposable
{
    private static readonly ServerMood[] Moods = Enum.GetValues<ServerMood>();

    private readonly Random _random;
    private readonly SimulatedGateway _gateway;
    private readonly SimulatedInvariants _invariants;
    private TimeSpan _planned;
    private int _deposits;

    private SimulatedRun(int seed)
    {
        _random = new Random(seed);
        _gateway = new SimulatedGateway(SimulatedSetups.Draw(_random), seed);
        _invariants = new SimulatedInvariants(_gateway);
    }

    /// <summary>Plays a seed; what it broke, what tells its way, and what it saw.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="sabotage">Done to the gateway in the middle of the run.</param>
    public static (IReadOnlyList<string> Broken, int Digest, IReadOnlySet<string> Seen) Play(int seed, Action<SimulatedGateway>? sabotage = null)
    {
        using var run = new SimulatedRun(seed);
        var steps = run._random.Next(16, 40);
        for (var i = 0; i < steps && run._invariants.Broken.Count == 0; i++)
        {
            run.Step();
            if (i == steps / 2)
            {
                sabotage?.Invoke(run._gateway);
            }
        }

        if (run._invariants.Broken.Count == 0)
        {
            run.Recover();
        }

        return (run._invariants.Broken, run._invariants.Digest.ToHashCode(), run._invariants.Seen);
    }

    public void Dispose() => _gateway.Dispose();

    private void Step()
    {
        var gap = _random.Next(20) switch
        {
            0 or 1 => 15 * _random.NextDouble(),
            2 => 2 * _random.NextDouble(),
            < 10 => 0.3 * _random.NextDouble(),
            _ => 0.02 * _random.NextDouble(),
        };
        Pass(gap);
        switch (_random.Next(100))
        {
            case < 58:
                for (var i = _random.Next(1, 4); i > 0; i--)
                {
                    Send();
                }

                break;
            case < 76:
                var server = Server();
                server.Become(_random.Next(5) < 2 ? ServerMood.Well : Moods[_random.Next(Moods.Length)]);
                break;
            case < 82 when _gateway.Running.Count > 0:
                _gateway.Running.ElementAt(_random.Next(_gateway.Running.Count)).Exchange.Leave();
                break;
            case < 88:
                Operate();
                break;
            case < 93:
                Reconfigure(SimulatedSetups.Change(_gateway.Setup, _random));
                break;
            case < 96:
                StandStill(Math.Pow(10, (_random.NextDouble() * 4) - 2));
                break;
            case < 98:
                // A wall clock that is set changes nothing.
                _gateway.Time.Wall += TimeSpan.FromHours(_random.Next(-2, 3));
                break;
            default:
                Pass(20 * _random.NextDouble());
                break;
        }

        _invariants.Look();
    }

    /// <summary>All is well again and nobody keeps anything out: then everybody is back within the longest ejection, and requests are answered.</summary>
    private void Recover()
    {
        foreach (var server in _gateway.Servers.Values)
        {
            server.Flaky = 0;
            server.Become(ServerMood.Well);
        }

        // Whoever limited its rate is left alone a moment longer.
        Pass(3);
        for (var second = 0; second < 70 && _gateway.Running.Count > 0; second++)
        {
            Pass(1);
        }

        _invariants.Hold(_gateway.Running.Count == 0, $"{_gateway.Running.Count} requests are not settled after the limit of the whole request");
        _invariants.Rest();
        Reconfigure(SimulatedSetups.Open(_gateway.Setup));
        foreach (var id in _gateway.Setup.Hosts.Keys)
        {
            _gateway.Registry.SetDraining(_gateway.State, id, draining: false);
            if (_gateway[id].Facts.IsIsolated)
            {
                _gateway.Registry.Reset(_gateway.State, id);
            }
        }

        for (var round = 0; round < 8 && !_gateway.Setup.Hosts.Keys.All(id => _gateway[id].Facts.State == AvailabilityState.Up); round++)
        {
            StandStill(45);
            Pass(1.5);
            for (var i = 0; i < 2 * _gateway.Setup.Hosts.Count; i++)
            {
                _gateway.Send(SimulatedRequest.Chat($"recovery {round} {i}", stream: i % 2 == 0));
                Pass(0.3);
            }
        }

        foreach (var id in _gateway.Setup.Hosts.Keys)
        {
            _invariants.Hold(_gateway[id].Facts.IsAvailable, $"{id} is {_gateway[id].Facts.State} ({_gateway[id].Facts.Reason}) though all has been well for minutes");
        }

        var last = _gateway.Send(SimulatedRequest.Chat("last", stream: true));
        Pass(5);
        _invariants.Hold(last.IsOk, $"a request at the end is answered {last.Record.StatusCode} {last.Record.ErrorCode}");
        Account();
        _invariants.Pays();
        _invariants.Rest();
    }

    private void Send()
    {
        var client = _random.Next(1, 4);
        var text = _random.Next(10) == 0 ? "again" : $"prompt {_gateway.Tickets.Count}";
        _gateway.Send(_random.Next(10) switch
        {
            0 => new SimulatedRequest("GET", "/v1/files", null, client),
            1 => new SimulatedRequest("POST", "/v1/files", "{\"file\":\"content\"}", client),
            < 6 => SimulatedRequest.Chat(text, stream: false, client),
            _ => SimulatedRequest.Chat(text, stream: true, client),
        });
        _invariants.Look();
    }

    private void Operate()
    {
        var id = _gateway.Setup.Hosts.Keys.ElementAt(_random.Next(_gateway.Setup.Hosts.Count));
        switch (_random.Next(5))
        {
            case 0:
                _gateway.Registry.SetDraining(_gateway.State, id, draining: true);
                break;
            case 1:
                _gateway.Registry.Isolate(_gateway.State, id);
                break;
            case 2:
                _gateway.Registry.Reset(_gateway.State, id);
                break;
            default:
                _gateway.Registry.SetDraining(_gateway.State, id, draining: false);
                break;
        }
    }

    private SimulatedServer Server()
    {
        var hosts = _gateway.Setup.Hosts;
        var server = _gateway.Server(hosts.Values.ElementAt(_random.Next(hosts.Count)));
        server.Flaky = _random.Next(6) == 0 ? _random.NextDouble() / 2 : 0;
        return server;
    }

    private void Reconfigure(SimulatedSetup setup)
    {
        Account();
        _gateway.Reconfigure(setup);
    }

    // A new configuration takes over no more than was left, at most what ten seconds bring; requests under way go on with the old one, for less than two minutes.
    private void Account()
    {
        var budget = _gateway.Setup.Cluster.RetryBudget;
        _invariants.Allowed += (budget.Ratio * (_gateway.Tickets.Count - _deposits)) + (budget.PerSecond * (10 + (_gateway.Time.Now - _planned).TotalSeconds + 130));
        (_planned, _deposits) = (_gateway.Time.Now, _gateway.Tickets.Count);
    }

    private void StandStill(double seconds)
    {
        // Whoever waited meanwhile waited too long, and that is held against who was waited for.
        foreach (var server in _gateway.Servers.Values)
        {
            server.IsBlameless &= seconds < 0.5;
        }

        _gateway.Time.StandStill(TimeSpan.FromSeconds(seconds));
        _gateway.Time.Pass(TimeSpan.Zero);
        _invariants.Look();
    }

    private void Pass(double seconds) => _gateway.Time.Pass(TimeSpan.FromSeconds(seconds), _invariants.Look);
}
