using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Destinations;

/// <summary>
/// Knows which models each destination serves, and is the one place that asks destinations anything: whether they are alive, and for their models,
/// on free paths, over the cluster's own connections. What a request reads is one immutable snapshot.
/// </summary>
internal sealed partial class ModelCatalog : BackgroundService, IClusterChangeListener
{
    private readonly ModelCatalogOptions _options;
    private readonly IAvailability _availability;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger<ModelCatalog> _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, WatchedCluster> _clusters = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConditionalWeakTable<DestinationState, DestinationWatch> _watches = [];
    private readonly CancellationTokenSource _ending = new();
    private CatalogSnapshot _current = CatalogSnapshot.Empty;
    private bool _isRunning;
    private bool _isDisposed;
    private int _isPublishing;

    /// <param name="options">Intervals and limits.</param>
    /// <param name="availability">Takes what probes find, and tells who is available.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Spreads the questions in time; used under a lock.</param>
    /// <param name="logger">Where changes are named, once each.</param>
    public ModelCatalog(ModelCatalogOptions options, IAvailability availability, TimeProvider time, Random random, ILogger<ModelCatalog> logger)
    {
        _options = options;
        _availability = availability;
        _time = time;
        _random = random;
        _logger = logger;
        availability.Listen(OnAvailabilityChanged);
    }

    /// <summary>What is known now.</summary>
    public CatalogSnapshot Current => Volatile.Read(ref _current);

    /// <summary>What is known of <paramref name="destination"/>; <see cref="DestinationStatus.Unasked"/> when it is no model server's.</summary>
    public DestinationStatus StatusOf(DestinationState destination) =>
        _watches.TryGetValue(destination, out var watch) ? watch.Status : DestinationStatus.Unasked;

    /// <summary>Whether a request for <paramref name="model"/> may be sent to <paramref name="destination"/>: it serves it, or has not told what it serves.</summary>
    public bool MayServe(DestinationState destination, ReadOnlySpan<char> model) => StatusOf(destination).MayServe(model);

    /// <summary>When <paramref name="destination"/> is probed next; null when it is not probed.</summary>
    public DateTimeOffset? NextProbe(DestinationState destination) => _watches.TryGetValue(destination, out var watch) ? watch.NextProbe : null;

    /// <summary>Asks <paramref name="destination"/> at once what it is asked anyway.</summary>
    public void Probe(DestinationState destination)
    {
        if (_watches.TryGetValue(destination, out var watch))
        {
            watch.Kick();
        }
    }

    /// <summary>How long the next probe of <paramref name="destination"/> waits for an answer; null when it is not probed.</summary>
    public TimeSpan? Patience(DestinationState destination) => _watches.TryGetValue(destination, out var watch) ? watch.Patience : null;

    /// <summary>Whether <paramref name="destination"/> is probed.</summary>
    public bool IsProbed(DestinationState destination) => _watches.TryGetValue(destination, out var watch) && watch.Question.IsProbed;

    /// <summary>Ends when every destination configured now was asked once; at once when there is none.</summary>
    public Task WhenAskedOnce()
    {
        lock (_gate)
        {
            return Task.WhenAll(_clusters.Values.SelectMany(c => c.Watches.Values).Select(w => w.Watch.Asked));
        }
    }

    /// <inheritdoc />
    public void OnClusterAdded(ClusterState cluster) => Reconcile(cluster);

    /// <inheritdoc />
    public void OnClusterChanged(ClusterState cluster) => Reconcile(cluster);

    /// <inheritdoc />
    public void OnClusterRemoved(ClusterState cluster)
    {
        lock (_gate)
        {
            Forget(cluster.ClusterId);
            Publish();
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        lock (_gate)
        {
            _isRunning = true;
            foreach (var watched in _clusters.Values.SelectMany(c => c.Watches.Values))
            {
                watched.Start(_ending.Token);
            }
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] running;
        lock (_gate)
        {
            _isRunning = false;
            running = [.. _clusters.Values.SelectMany(c => c.Watches.Values).Select(w => w.Running)];
        }

        try
        {
            await _ending.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // A host that failed to start disposes without stopping.
        }

        await Task.WhenAll(running);
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        base.Dispose();

        // A container calls this once for each service the catalog is.
        if (!Interlocked.Exchange(ref _isDisposed, true))
        {
            _ending.Cancel();
            _ending.Dispose();
        }
    }

    private void Reconcile(ClusterState cluster)
    {
        var model = cluster.Model;
        var extensions = ExtensionsCarrier.Read(model.Config);
        var destinations = cluster.DestinationsState.AllDestinations;
        var questions = destinations.Select(d => new DestinationQuestion(model, extensions, d.DestinationId, d.Model)).ToArray();
        lock (_gate)
        {
            if (questions.All(question => question.IsEmpty))
            {
                Forget(cluster.ClusterId);
                Publish();
            }
            else
            {
                Watch(cluster.ClusterId, extensions.ModelServer?.Kind, destinations, questions);
            }
        }

        // What was probed before may have been told dead, and nobody would take it back. Of one that never was this says nothing.
        foreach (var (destination, _) in destinations.Zip(questions).Where(pair => !pair.Second.IsProbed))
        {
            _availability.ProbingEnded(destination);
        }
    }

    private void Watch(string cluster, string? kind, IReadOnlyList<DestinationState> destinations, DestinationQuestion[] questions)
    {
        if (!_clusters.TryGetValue(cluster, out var watched))
        {
            _clusters.Add(cluster, watched = new WatchedCluster(cluster));
        }

        watched.Kind = kind;
        foreach (var gone in watched.Watches.Keys.Except(destinations).ToArray())
        {
            watched.Remove(gone);
            _watches.Remove(gone);
        }

        foreach (var (destination, question) in destinations.Zip(questions))
        {
            Watch(watched, destination, question);
        }

        Publish();
    }

    private void Watch(WatchedCluster cluster, DestinationState destination, DestinationQuestion question)
    {
        if (cluster.Watches.TryGetValue(destination, out var existing))
        {
            existing.Watch.Change(question);
            return;
        }

        var ports = new WatchPorts(_availability, Jitter, (w, before) => Changed(cluster, destination.DestinationId, w, before), PublishChange, (w, error) => Log.CannotAsk(_logger, destination.DestinationId, cluster.Id, w.Question.Address, error.GetType().FullName!));
        var watch = new DestinationWatch(destination, question, _options, _time, ports);
        var watched = new WatchedDestination(watch);
        cluster.Watches.Add(destination, watched);
        _watches.AddOrUpdate(destination, watch);
        if (_isRunning)
        {
            watched.Start(_ending.Token);
        }
    }

    private void Forget(string cluster)
    {
        if (_clusters.Remove(cluster, out var watched))
        {
            foreach (var destination in watched.Watches.Keys.ToArray())
            {
                watched.Remove(destination);
                _watches.Remove(destination);
            }
        }
    }

    private TimeSpan Jitter(TimeSpan interval)
    {
        lock (_gate)
        {
            return interval * (0.9 + (0.2 * _random.NextDouble()));
        }
    }

    private void Changed(WatchedCluster cluster, string destination, DestinationWatch watch, DestinationStatus before)
    {
        lock (_gate)
        {
            if (!cluster.Watches.Values.Any(w => ReferenceEquals(w.Watch, watch)))
            {
                return;
            }

            Publish();
            var after = watch.Status;
            if (after.Answer == before.Answer && (after.Answer != DestinationAnswer.Answering || after.Reason == before.Reason))
            {
                return;
            }

            Log.Write(_logger, new DestinationChange(cluster.Id, destination, watch.Question.Address, before, after), watch.Question);
        }
    }

    private void OnAvailabilityChanged(AvailabilityChange change)
    {
        if (!_watches.TryGetValue(change.Destination, out var watch))
        {
            return;
        }

        if (change.WantsProbe)
        {
            watch.Kick();
        }

        // Sorting out all models takes longer than a request's thread may be held.
        if (change.WasAvailable != change.IsAvailable && Interlocked.Exchange(ref _isPublishing, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static catalog => catalog.PublishChange(), this, preferLocal: false);
        }
    }

    private void PublishChange()
    {
        Volatile.Write(ref _isPublishing, 0);
        lock (_gate)
        {
            Publish();
        }
    }

    private void Publish()
    {
        var clusters = _clusters.Values.Where(c => c.Kind is not null).Select(c => c.ToModels(_availability)).ToImmutableArray();
        Volatile.Write(ref _current, new CatalogSnapshot(clusters));
    }

    private sealed class WatchedCluster(string id)
    {
        public string Id { get; } = id;

        /// <summary>Kind of its model servers; null when they are ordinary services, which serve no models.</summary>
        public string? Kind { get; set; }

        public Dictionary<DestinationState, WatchedDestination> Watches { get; } = [];

        public void Remove(DestinationState destination)
        {
            if (Watches.Remove(destination, out var watched))
            {
                watched.Stop();
            }
        }

        public ClusterModels ToModels(IAvailability availability) =>
            new(
                Id,
                Kind!,
                [
                    .. Watches.OrderBy(w => w.Key.DestinationId, StringComparer.Ordinal).Select(w => new DestinationListing(
                        w.Key.DestinationId, w.Value.Watch.Question.Address, w.Value.Watch.Status, availability.IsAvailable(w.Key))),
                ]);
    }

    private sealed class WatchedDestination(DestinationWatch watch)
    {
        private CancellationTokenSource? _stop;

        public DestinationWatch Watch { get; } = watch;

        public Task Running { get; private set; } = Task.CompletedTask;

        public void Start(CancellationToken ending)
        {
            _stop = CancellationTokenSource.CreateLinkedTokenSource(ending);
            var stop = _stop.Token;
            Running = Task.Run(() => Watch.RunAsync(stop), CancellationToken.None);
        }

        public void Stop()
        {
            _stop?.Cancel();
            _stop?.Dispose();
        }
    }
}
