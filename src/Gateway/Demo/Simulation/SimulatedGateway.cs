using BlazeGateway.Demo.Simulation.Servers;
using BlazeGateway.Demo.Simulation.Workloads;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.Pipeline;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;
using Chance = BlazeGateway.Policies.Health.Chance;

namespace BlazeGateway.Demo.Simulation;

/// <summary>
/// A gateway in virtual time: the product's own availability, loads and strategy, and what its pipeline does with them at a pick, at the first content and at the
/// end of an attempt (<see cref="DestinationPick"/>, <see cref="Attempt"/>). Whatever the pipeline learns to tell a strategy is told here too, and nowhere else.
/// </summary>
internal sealed class SimulatedGateway : IDisposable
{
    private const double Penalty = 5;

    // One model; any number but that of requests without one.
    private const ulong ModelKey = 1;

    private readonly VirtualTime _time;
    private readonly ClusterState _cluster;
    private readonly AvailabilityRegistry _availability;
    private readonly Strategy _strategy;
    private readonly Dictionary<DestinationState, int> _places = [];
    private readonly DestinationAvailability?[] _destinations;
    private readonly DefaultHttpContext _http = new();
    private readonly ServiceProvider _services;
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler());
    private readonly SimulationOptions _options;
    private readonly ulong[] _blocks = new ulong[PromptFingerprint.MaxBlocks];
    private readonly bool _wantsPrefix;
    private InferenceFacts _facts;

    public SimulatedGateway(VirtualTime time, SimulationOptions options, int seed)
    {
        (_time, _options) = (time, options);
        _services = Services(time, seed);
        _availability = _services.GetRequiredService<AvailabilityRegistry>();
        _strategy = options.Make?.Invoke(_availability) ?? Named(options.Strategy);
        _wantsPrefix = _strategy.WantsPrefix(options.Cluster);
        var config = ExtensionsCarrier.Attach(new ClusterConfig { ClusterId = "simulated" }, options.Cluster);
        _cluster = new ClusterState("simulated", new ClusterModel(config, _client));
        _destinations = new DestinationAvailability[options.Servers.Count];
        for (var i = 0; i < options.Servers.Count; i++)
        {
            var (place, joins) = (i, options.Servers[i].JoinsAt);
            if (joins > 0)
            {
                time.At(VirtualTime.Second + VirtualTime.Of(joins), _ => Join([place]));
            }
        }

        Join([.. Enumerable.Range(0, options.Servers.Count).Where(i => options.Servers[i].JoinsAt <= 0)]);
    }

    /// <summary>Names of the strategies there are, as the gateway itself registers them.</summary>
    public static IReadOnlyList<string> Known { get; } = ReadNames();

    /// <summary>How often each of several ways to pick was used, of a strategy that has several.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> Arms => _availability.MemoryOf(_cluster)?.Learned.Find<AdaptiveMemory>() is { } memory
        ? [.. AdaptiveArms.Names.Select((name, arm) => KeyValuePair.Create(name, memory.Tally.Of(arm)))]
        : [];

    /// <summary>Time the strategy took for all picks, when it is measured.</summary>
    public TimeSpan PickTime { get; private set; }

    /// <summary>Destination id of a server.</summary>
    public static string NameOf(int server) => $"d{server}";

    /// <summary>Requests it has in flight on a server.</summary>
    public int InFlight(int server) => _destinations[server] is { } destination ? destination.Load.InFlight : 0;

    /// <summary>The server a request goes to, a place on it taken; −1 when none may be picked.</summary>
    public int Pick(SimulatedRequest request)
    {
        if (TryTrial() is { } trial)
        {
            return Begin(request, trial.Tried, trial.Word);
        }

        Describe(request.Asked);

        // A conversation has its key; whoever asks once is a client of its own, as a request without key is known by its address.
        var client = new Client(Mix((ulong)request.Index + 1), null, PriorityBand.Standard, 1);
        var tokens = ((CandidateSet)_cluster.DestinationsState.AvailableDestinations).Loads.Tokens.Of(ModelKey);
        request.Work = tokens.Estimate(_facts);
        request.Note = default;
        var prefix = _blocks.AsSpan(0, _wantsPrefix ? Prompts.Fingerprint(request.Asked, _options.BytesPerToken, _blocks) : 0);
        var began = _options.PickClock?.GetTimestamp() ?? 0;
        var picked = _strategy.Pick(new PickRequest(_http, client, ref request.Note, in _facts) { Model = ModelKey, Work = request.Work, UsualPrompt = tokens.Prompt, Prefix = prefix }, _cluster, _cluster.DestinationsState.AvailableDestinations);
        PickTime += _options.PickClock?.GetElapsedTime(began) ?? TimeSpan.Zero;
        if (picked is null)
        {
            return -1;
        }

        var destination = _destinations[_places[picked]]!;
        if (!prefix.IsEmpty)
        {
            var memory = destination.Load.Prefix;
            request.Work = request.Work with { PromptTokens = Math.Max(1, request.Work.PromptTokens - memory.TokensOf(memory.Match(prefix), _facts.PromptBytes)) };
            request.Forecast = memory.Send(prefix);
        }

        return Begin(request, destination, destination.Word.WithTrial(false));
    }

    /// <summary>The first content of the answer is here.</summary>
    public void FirstContent(SimulatedRequest request)
    {
        var hold = request.Hold;
        request.Place.Prefilled(Clock);
        Sample(hold).Add(Clock, Waited(request), _options.Told is null ? request.Note : default);
        if (_options.Told is { } told && request.Note.IsKept && hold.Availability.Word.Epoch == hold.Picked.Epoch)
        {
            request.Note.Answered(told(request.Note.Predicted, Waited(request)), Clock);
        }

        if (hold.Picked.IsTrialTaken)
        {
            hold.Availability.TrialAnswered(hold.Picked, StatusCodes.Status200OK);
        }
    }

    /// <summary>The attempt ended.</summary>
    public void End(SimulatedRequest request, AttemptOutcome outcome)
    {
        var hold = request.Hold;
        request.Place.Release(Clock);
        if (outcome == AttemptOutcome.Answered)
        {
            Learn(request, hold);
        }
        else if (outcome != AttemptOutcome.Nothing)
        {
            Sample(hold).Fail(Clock, request.FirstContent == 0 ? Math.Max(Penalty, Waited(request)) : Penalty, request.Note);
        }

        hold.Availability.Ended(hold.Picked, outcome);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _services.Dispose();
        _client.Dispose();
    }

    private static IReadOnlyList<string> ReadNames()
    {
        using var services = Services(TimeProvider.System, 1);
        return [.. services.GetServices<ILoadBalancingPolicy>().Select(policy => policy.Name).Order(StringComparer.Ordinal)];
    }

    private static ServiceProvider Services(TimeProvider time, int seed)
    {
        var services = new ServiceCollection();
        services.AddSingleton(time);
        services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        services.AddSingleton(Metrics.NewCustomRegistry());
        services.AddSingleton(new Chance(seed));
        services.AddSingleton(provider => new HealthMetrics(provider.GetRequiredService<CollectorRegistry>(), seriesLimit: 16));
        services.AddSingleton(provider => new AvailabilityRegistry(
            time, provider.GetRequiredService<Chance>(), provider.GetRequiredService<HealthMetrics>(), [], NullLogger<AvailabilityRegistry>.Instance));
        services.AddStrategies();
        return services.BuildServiceProvider();
    }

    private void Join(IReadOnlyList<int> servers)
    {
        foreach (var server in servers)
        {
            var destination = new DestinationState(NameOf(server), new DestinationModel(new DestinationConfig { Address = "http://127.0.0.1:9/" }));
            _cluster.Destinations[NameOf(server)] = destination;
            _places.Add(destination, server);
        }

        _availability.UpdateAllDestinations(_cluster);
        foreach (var server in servers)
        {
            _destinations[server] = _availability.Of(_cluster.Destinations[NameOf(server)]);
        }
    }

    private static ulong Mix(ulong value) => ModelServer.Answers.Chance.Mix(0xB1A2E, value) | 1;

    private Strategy Named(string name) =>
        _services.GetServices<ILoadBalancingPolicy>().OfType<Strategy>().FirstOrDefault(strategy => strategy.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"Strategy '{name}' is not known; it must be one of {string.Join(", ", Known)}.", nameof(name));

    private (DestinationAvailability Tried, AvailabilityWord Word)? TryTrial()
    {
        if (_cluster.DestinationsState.AvailableDestinations is CandidateSet { IsCalm: false } set)
        {
            foreach (var halfOpen in set.HalfOpen)
            {
                if (halfOpen.IsTrialDue && halfOpen.Load.IsOpen && halfOpen.TryTakeTrial(out var word))
                {
                    return (halfOpen, word);
                }
            }
        }

        return null;
    }

    private int Begin(SimulatedRequest request, DestinationAvailability destination, AvailabilityWord word)
    {
        request.Hold = new SimulatedHold(destination, word);
        request.Place.Take(destination.Load, request.Work, Clock);
        return _places[destination.Destination];
    }

    private void Describe(WorkloadRequest asked)
    {
        _facts.PromptBytes = (int)(asked.PromptTokens * _options.BytesPerToken);
        _facts.MaxOutputTokens = _options.LimitsAnswers ? asked.AnswerTokens : -1;
        _facts.Choices = 1;
        _facts.Stream = true;
        _facts.PromptCacheKey = asked.Session < 0 ? 0 : Mix(~(ulong)asked.Session);
    }

    private static AnswerSample Sample(in SimulatedHold hold) => new(hold.Availability, hold.Picked, hold.Availability.Load.Times.Of(ModelKey));

    private void Learn(SimulatedRequest request, in SimulatedHold hold)
    {
        var tokens = request.Asked.AnswerTokens;
        if (tokens > 1 && request.FirstContent > 0)
        {
            Sample(hold).AddPerChunk(Clock, VirtualTime.Seconds(_time.Now - request.FirstContent) / (tokens - 1), request.Note);
        }

        Describe(request.Asked);
        var loads = ((CandidateSet)_cluster.DestinationsState.AvailableDestinations).Loads;
        loads.Tokens.Of(ModelKey).Learn(_facts, new TokenUsage(request.Asked.PromptTokens, tokens, request.CachedTokens), isWhole: true);
        if (_wantsPrefix)
        {
            hold.Availability.Load.Prefix.Answered(request.Forecast, request.Asked.PromptTokens, _facts.PromptBytes, request.CachedTokens);
        }
    }

    private TimeSpan Clock => _availability.Clock;

    private double Waited(SimulatedRequest request) => VirtualTime.Seconds(_time.Now - request.Came);
}
