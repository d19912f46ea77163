using BlazeGateway.Demo.Simulation.Servers;
using BlazeGateway.Demo.Simulation.Workloads;
using BlazeGateway.Policies.Health;

namespace BlazeGateway.Demo.Simulation;

/// <summary>One run: requests of a workload through gateways to servers, until all have ended. No threads, no clock: the same options give the same result.</summary>
internal sealed class FleetSimulation
{
    private readonly VirtualTime _time = new();
    private readonly Queue<SimulatedRequest> _unanswered = new();
    private readonly IReadOnlyList<WorkloadRequest> _asked;
    private readonly SimulatedRequest[] _requests;
    private readonly SimulatedGateway[] _gateways;
    private readonly SimulatedServer[] _servers;
    private readonly Random _chance;
    private readonly long _firstByte;
    private readonly Action<object?> _arrive;
    private readonly Action<object?> _giveUp;
    private int _came;
    private int _ended;

    private FleetSimulation(SimulationOptions options, IReadOnlyList<WorkloadRequest> asked)
    {
        _asked = asked;
        _requests = new SimulatedRequest[asked.Count];
        _chance = new Random(options.Seed);
        _firstByte = VirtualTime.Of(options.FirstByte);
        _gateways = [.. Enumerable.Range(0, options.Gateways).Select(i => new SimulatedGateway(_time, options, HashCode(options.Seed, i)))];
        var events = new AnswerEvents(Begin, End);
        _servers = [.. options.Servers.Select((server, i) => Create(server, events, options.Seed, i))];
        _arrive = _ => Arrive();
        _giveUp = _ => GiveUp();
    }

    /// <summary>Runs <paramref name="asked"/>, which is in the order of arrival.</summary>
    /// <exception cref="ArgumentException">A request is longer than a server can hold, or there is nothing to run.</exception>
    public static SimulationResult Run(SimulationOptions options, IReadOnlyList<WorkloadRequest> asked)
    {
        Check(options, asked);
        var run = new FleetSimulation(options, asked);
        try
        {
            return run.Run();
        }
        finally
        {
            Array.ForEach(run._gateways, gateway => gateway.Dispose());
        }
    }

    private static void Check(SimulationOptions options, IReadOnlyList<WorkloadRequest> asked)
    {
        if (options.Servers.Count == 0 || asked.Count == 0)
        {
            throw new ArgumentException($"There are {options.Servers.Count} servers and {asked.Count} requests; a run needs one of each at least.");
        }

        var room = options.Servers.Min(server => server.Engine?.MaxModelLength ?? int.MaxValue);
        for (var i = 0; i < asked.Count; i++)
        {
            if (asked[i].PromptTokens + asked[i].AnswerTokens > room)
            {
                throw new ArgumentException(
                    $"Request {i + 1} has {asked[i].PromptTokens} prompt tokens and {asked[i].AnswerTokens} of its answer; a server holds {room} at most. Give the engine more blocks (KvBlocks, --kv-blocks).");
            }
        }
    }

    private static int HashCode(int seed, int part) => (int)ModelServer.Answers.Chance.Mix((ulong)seed, (ulong)part);

    private SimulationResult Run()
    {
        _time.At(Moment(0), _arrive);
        while (_ended < _requests.Length && _time.Next())
        {
        }

        if (_ended < _requests.Length)
        {
            throw new InvalidOperationException($"{_requests.Length - _ended} of {_requests.Length} requests never ended.");
        }

        foreach (var gateway in _gateways)
        {
            for (var server = 0; server < _servers.Length; server++)
            {
                if (gateway.InFlight(server) != 0)
                {
                    throw new InvalidOperationException($"{SimulatedGateway.NameOf(server)} has {gateway.InFlight(server)} requests in flight after the last one ended.");
                }
            }
        }

        return new SimulationResult(
            [.. _requests.Select(Met.Of)],
            [.. _servers.Select(server => server.BusySeconds)],
            VirtualTime.Seconds(_time.Now - VirtualTime.Second),
            [.. _gateways.SelectMany(gateway => gateway.Arms).GroupBy(arm => arm.Key, (name, arms) => KeyValuePair.Create(name, arms.Sum(arm => arm.Value)), StringComparer.Ordinal)])
        {
            PickTime = TimeSpan.FromTicks(_gateways.Sum(gateway => gateway.PickTime.Ticks)),
        };
    }

    private SimulatedServer Create(ServerOptions server, AnswerEvents events, int seed, int place) => server.Script is null
        ? new EngineServer(_time, server, (ulong)HashCode(seed, ~place)) { Answers = events }
        : new ScriptedServer(_time, server, (ulong)HashCode(seed, int.MinValue)) { Answers = events };

    private long Moment(int index) => VirtualTime.Second + VirtualTime.Of(_asked[index].At);

    private void Arrive()
    {
        var request = new SimulatedRequest(_came, _asked[_came], _time.Now) { Gateway = _gateways.Length == 1 ? 0 : _chance.Next(_gateways.Length) };
        _requests[_came++] = request;
        if (_came < _asked.Count)
        {
            _time.At(Moment(_came), _arrive);
        }

        request.Server = _gateways[request.Gateway].Pick(request);
        if (request.Server < 0)
        {
            (request.Ended, request.Outcome) = (_time.Now, AttemptOutcome.Nothing);
            _ended++;
            return;
        }

        _unanswered.Enqueue(request);
        if (_unanswered.Count == 1)
        {
            _time.At(request.Came + _firstByte, _giveUp);
        }

        _servers[request.Server].Arrive(request);
    }

    private void Begin(SimulatedRequest request)
    {
        request.FirstContent = _time.Now;
        _gateways[request.Gateway].FirstContent(request);
    }

    private void End(SimulatedRequest request, AttemptOutcome outcome)
    {
        if (request.Ended != 0)
        {
            // It fails on its server after the gateway gave it up.
            return;
        }

        (request.Ended, request.Outcome) = (_time.Now, outcome);
        _gateways[request.Gateway].End(request, outcome);
        request.Sequence = null;
        _ended++;
    }

    /// <summary>All have the same time to their first byte, so they run out of it in the order in which they came, and one look at the first is enough.</summary>
    private void GiveUp()
    {
        while (_unanswered.TryPeek(out var first) && (first.FirstContent != 0 || first.Ended != 0 || first.Came + _firstByte <= _time.Now))
        {
            _unanswered.Dequeue();
            if (first.FirstContent == 0 && first.Ended == 0)
            {
                _servers[first.Server].Cancel(first);
                End(first, AttemptOutcome.FirstByteTimeout);
            }
        }

        if (_unanswered.TryPeek(out var next))
        {
            _time.At(next.Came + _firstByte, _giveUp);
        }
    }
}
