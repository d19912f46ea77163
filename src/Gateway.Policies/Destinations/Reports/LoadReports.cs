using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>
/// Asks the model servers of clusters whose strategy goes by it how loaded they are, over the cluster's own connections and never while a request waits for it.
/// What they say is at <see cref="DestinationLoad.Reported"/>.
/// </summary>
internal sealed partial class LoadReports : BackgroundService, IClusterChangeListener
{
    private readonly IAvailability _availability;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ReportMetrics _metrics;
    private readonly ILogger<LoadReports> _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<DestinationState, Watched> _watches = [];
    private readonly CancellationTokenSource _ending = new();
    private bool _isRunning;
    private bool _isDisposed;

    /// <param name="availability">Tells what destinations have to do.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Spreads the questions in time; used under a lock.</param>
    /// <param name="metrics">Where reports are published.</param>
    /// <param name="logger">Where is said, once each, who does not report and what to do about it.</param>
    public LoadReports(IAvailability availability, TimeProvider time, Random random, ReportMetrics metrics, ILogger<LoadReports> logger)
    {
        _availability = availability;
        _time = time;
        _random = random;
        _metrics = metrics;
        _logger = logger;
        availability.Listen(OnAvailabilityChanged);
    }

    /// <inheritdoc />
    public void OnClusterAdded(ClusterState cluster) => Reconcile(cluster);

    /// <inheritdoc />
    public void OnClusterChanged(ClusterState cluster) => Reconcile(cluster);

    /// <inheritdoc />
    public void OnClusterRemoved(ClusterState cluster) => Keep(cluster, []);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        lock (_gate)
        {
            _isRunning = true;
            foreach (var watched in _watches.Values)
            {
                watched.Start(_ending.Token);
            }
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] running;
        lock (_gate)
        {
            _isRunning = false;
            running = [.. _watches.Values.Select(watched => watched.Running)];
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

        // A container calls this once for each service it is.
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
        var asked = new Dictionary<DestinationState, DestinationQuestion>();
        foreach (var destination in ReportWish.Of(model.Config) ? cluster.DestinationsState.AllDestinations : [])
        {
            var question = new DestinationQuestion(model, extensions, destination.DestinationId, destination.Model);
            if (question.AsksLoad)
            {
                asked.Add(destination, question);
            }
        }

        Keep(cluster, asked);
    }

    private void Keep(ClusterState cluster, Dictionary<DestinationState, DestinationQuestion> asked)
    {
        lock (_gate)
        {
            foreach (var gone in _watches.Values.Where(watched => ReferenceEquals(watched.Cluster, cluster) && !asked.ContainsKey(watched.Watch.Destination)).ToArray())
            {
                _watches.Remove(gone.Watch.Destination);
                gone.Stop();
                _metrics.Retire(gone.Series);
                if (_availability.LoadOf(gone.Watch.Destination) is { } load)
                {
                    load.Reported = null;
                }
            }

            foreach (var (destination, question) in asked)
            {
                Watch(cluster, destination, question);
            }
        }
    }

    private void Watch(ClusterState cluster, DestinationState destination, DestinationQuestion question)
    {
        if (_watches.TryGetValue(destination, out var existing))
        {
            existing.Watch.Change(question);
            return;
        }

        var series = _metrics.Watch(cluster.ClusterId, destination.DestinationId, () => _availability.LoadOf(destination)?.Reported, () => _time.GetElapsedTime(0));
        var ports = new ReportPorts(
            _availability,
            Jitter,
            (watch, before, reply) => Answered(cluster.ClusterId, series, watch, before, reply),
            watch => Restarted(cluster.ClusterId, watch),
            (watch, error) => Log.CannotAsk(_logger, destination.DestinationId, cluster.ClusterId, watch.Question.Address, error.GetType().FullName!));
        var watched = new Watched(cluster, new ReportWatch(destination, question, _time, ports), series);
        _watches.Add(destination, watched);
        if (_isRunning)
        {
            watched.Start(_ending.Token);
        }
    }

    private TimeSpan Jitter(TimeSpan interval)
    {
        lock (_gate)
        {
            return interval * (0.9 + (0.2 * _random.NextDouble()));
        }
    }

    private void Answered(string cluster, ReportSeries series, ReportWatch watch, ReportOutcome? before, ReportReply reply)
    {
        series.Count(reply.Outcome);
        if (reply.Outcome != before)
        {
            Log.Write(_logger, cluster, watch, before, reply);
        }
    }

    private void Restarted(string cluster, ReportWatch watch)
    {
        Log.StartedAnew(_logger, watch.Destination.DestinationId, cluster, watch.Question.Address);
        _availability.LoadOf(watch.Destination)?.Prefix.Restarted();
    }

    private void OnAvailabilityChanged(AvailabilityChange change)
    {
        if (change.WasAvailable || !change.IsAvailable)
        {
            return;
        }

        // It may have been started anew, with metrics this time.
        lock (_gate)
        {
            if (_watches.TryGetValue(change.Destination, out var watched))
            {
                watched.Watch.Kick();
            }
        }
    }

    private sealed class Watched(ClusterState cluster, ReportWatch watch, ReportSeries series)
    {
        private CancellationTokenSource? _stop;

        public ClusterState Cluster => cluster;

        public ReportWatch Watch => watch;

        public ReportSeries Series => series;

        public Task Running { get; private set; } = Task.CompletedTask;

        public void Start(CancellationToken ending)
        {
            _stop = CancellationTokenSource.CreateLinkedTokenSource(ending);
            var stop = _stop.Token;
            Running = Task.Run(() => watch.RunAsync(stop), CancellationToken.None);
        }

        public void Stop()
        {
            _stop?.Cancel();
            _stop?.Dispose();
        }
    }
}
