using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Tests.Destinations;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Prometheus;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.Health;

/// <summary>One cluster of YARP's with the registry over it, a clock that stands still, and what was logged and counted.</summary>
internal sealed class TestCluster : IDisposable
{
    public static readonly ClusterExtensions ModelServers = new() { ModelServer = new ModelServerOptions { Kind = "vllm" } };
    public static readonly ClusterExtensions Plain = new();

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler());
    private readonly LoggerFactory _loggers;

    public TestCluster(ClusterExtensions extensions, params string[] destinations)
        : this(extensions, null, 1, [], destinations)
    {
    }

    public TestCluster(ClusterExtensions extensions, HealthCheckConfig? checks, int seed, IAvailableDestinationsPolicy[] policies, params string[] destinations)
    {
        _loggers = new LoggerFactory([Log], new LoggerFilterOptions { MinLevel = LogLevel.Debug });
        Registry = new AvailabilityRegistry(Time, new Chance(seed), new HealthMetrics(Metrics, 2048), policies, _loggers.CreateLogger<AvailabilityRegistry>());
        Registry.Listen(Changes.Add);
        Config = ExtensionsCarrier.Attach(new ClusterConfig { ClusterId = "llm", HealthCheck = checks }, extensions);
        State = new ClusterState("llm", new ClusterModel(Config, _client));
        foreach (var id in destinations)
        {
            Add(id);
        }

        Registry.UpdateAllDestinations(State);
    }

    public FakeTimeProvider Time { get; } = new();

    public LogLines Log { get; } = new();

    public CollectorRegistry Metrics { get; } = Prometheus.Metrics.NewCustomRegistry();

    public List<AvailabilityChange> Changes { get; } = [];

    public AvailabilityRegistry Registry { get; }

    public ClusterConfig Config { get; }

    public ClusterState State { get; }

    public string Candidates => string.Join(' ', State.DestinationsState.AvailableDestinations.Select(d => d.DestinationId).Order(StringComparer.Ordinal));

    public DestinationAvailability this[string id] => Registry.Of(State.Destinations[id]);

    public string StateOf(string id)
    {
        var member = this[id];
        Assert.Equal(member.Facts.State, member.Word.State);
        Assert.Equal(member.Facts.State, member.Metrics.Shown);
        return member.Facts.State.Name();
    }

    public void Add(string id, string address = "http://127.0.0.1:9/") =>
        State.Destinations[id] = new DestinationState(id, new DestinationModel(new DestinationConfig { Address = address }));

    /// <summary>The configuration gives the destination another address.</summary>
    public void Move(string id, string address)
    {
        typeof(DestinationState).GetProperty(nameof(DestinationState.Model))!.SetValue(State.Destinations[id], new DestinationModel(new DestinationConfig { Address = address }));
        Registry.UpdateAllDestinations(State);
    }

    /// <summary>The configuration gives the cluster other extensions.</summary>
    public void Configure(ClusterExtensions extensions)
    {
        typeof(ClusterState).GetProperty(nameof(ClusterState.Model))!.SetValue(State, new ClusterModel(ExtensionsCarrier.Attach(Config, extensions), _client));
        Registry.UpdateAllDestinations(State);
    }

    public void Remove(string id) => State.Destinations.TryRemove(id, out _);

    /// <summary>A whole attempt that is sent to <paramref name="id"/> now and ends now.</summary>
    public void Attempt(string id, AttemptOutcome outcome) => this[id].Ended(this[id].Word.WithTrial(false), outcome);

    public void Probe(string id, ProbeFindingKind kind, bool isHard = true) => Registry.Probed(State.Destinations[id], new ProbeFinding(kind, isHard));

    public void Probe(string id, ProbeFindingKind kind, int times)
    {
        for (var i = 0; i < times; i++)
        {
            Probe(id, kind);
        }
    }

    public void Advance(double seconds) => Time.Advance(TimeSpan.FromSeconds(seconds));

    public async Task<string> ExposeAsync()
    {
        using var stream = new MemoryStream();
        await Metrics.CollectAndExportAsTextAsync(stream);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    public void Dispose()
    {
        _loggers.Dispose();
        _client.Dispose();
    }
}
