using BlazeGateway.Configuration.Checks;
using BlazeGateway.Configuration.Options;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Reload;

/// <summary>
/// Gives YARP only configurations that passed every check. A bad one is reported once per content and the last good one is served on;
/// YARP never learns of it, because the change token is signalled after the checks.
/// </summary>
internal sealed partial class GuardedConfigProvider(
    ConfigurationChecker checker,
    ConfigurationMetrics metrics,
    TimeProvider time,
    ILogger<GuardedConfigProvider> logger) : IProxyConfigProvider, IDisposable
{
    private static readonly string[] ReadAlways = ["$schema", "ReverseProxy", ShrinkGuard.Key, "Admin:Tokens"];
    private readonly SemaphoreSlim _one = new(1, 1);
    private volatile RoutesSnapshot? _snapshot;
    private volatile LoadedConfiguration? _served;
    private volatile ConfigurationStatus _status = new();
    private Action<ProcessOptions>? _applied;
    private string _lastSeenHash = "";

    /// <summary>What is known about the configuration.</summary>
    public ConfigurationStatus Status => _status;

    /// <summary>Calls <paramref name="apply"/> with the options of the process whenever a configuration is taken from now on, before it is served.</summary>
    public void OnApplied(Action<ProcessOptions> apply) => _applied += apply;

    /// <summary>Loads the first configuration. Throws <see cref="InvalidConfigurationException"/> with every reason when it cannot be used.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken = default)
    {
        if (_snapshot is not null)
        {
            return;
        }

        var result = await ReloadAsync(ConfigurationContent.Read(checker.Sources), cancellationToken);
        if (result.Outcome == ReloadOutcome.Rejected)
        {
            throw new InvalidConfigurationException(result.Errors);
        }
    }

    /// <summary>The configuration being served. The first call loads it if <see cref="LoadAsync"/> has not.</summary>
    public IProxyConfig GetConfig()
    {
        if (_snapshot is null)
        {
            LoadAsync().GetAwaiter().GetResult();
        }

        return _snapshot!;
    }

    /// <summary>Reads the files now and serves them if they are right, without waiting for the watcher.</summary>
    public Task<ReloadResult> ReloadNowAsync(CancellationToken cancellationToken = default) =>
        ReloadAsync(ConfigurationContent.Read(checker.Sources), cancellationToken);

    /// <summary>Checks <paramref name="content"/> and serves it if it is right.</summary>
    public async Task<ReloadResult> ReloadAsync(ConfigurationContent content, CancellationToken cancellationToken = default)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var before = _snapshot;
            if (before is not null && content.Hash == _served!.Hash)
            {
                return Unchanged(content);
            }

            var result = await checker.CheckAsync(content, before);
            return result.Snapshot is null ? Reject(result, content.Hash) : Apply(result, before);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>The merged configuration being served, as JSON text without secrets.</summary>
    public string Effective() => MaskedView.Write(_served?.Root ?? throw new InvalidOperationException("No configuration is loaded yet."));

    public void Dispose()
    {
        _one.Dispose();
        _snapshot?.Dispose();
    }

    private ReloadResult Unchanged(ConfigurationContent content)
    {
        _lastSeenHash = content.Hash;
        _status = _status with { LastReloadSucceeded = true, Errors = _served!.Errors.All };
        metrics.Unchanged();
        return new ReloadResult(ReloadOutcome.Unchanged, _status.Version, [], _served.Errors.All);
    }

    private ReloadResult Reject(CheckedConfiguration result, string hash)
    {
        _status = _status with { LastReloadSucceeded = false, Errors = result.Errors };
        metrics.Rejected();
        if (_snapshot is not null && hash != _lastSeenHash)
        {
            var errors = result.Errors.Where(static error => error.Severity == ErrorSeverity.Error).ToList();
            foreach (var error in errors)
            {
                Log.Rejected(logger, error);
            }

            Log.KeptLastGood(logger, _status.Version, errors.Count);
        }

        _lastSeenHash = hash;
        return new ReloadResult(ReloadOutcome.Rejected, _status.Version, [], result.Errors);
    }

    private ReloadResult Apply(CheckedConfiguration result, RoutesSnapshot? before)
    {
        var version = _status.Version + 1;
        var snapshot = result.Snapshot!.WithRevision(version);
        var changes = ConfigurationDifference.Between(before ?? RoutesSnapshot.Empty, snapshot);
        if (_served is not null && !SameProcessOptions(_served, result.Loaded))
        {
            Log.NeedsRestart(logger);
        }

        _applied?.Invoke(result.Loaded.ReadProcessOptions());
        _served = result.Loaded;
        _lastSeenHash = result.Loaded.Hash;
        _snapshot = snapshot;

        // YARP takes the new one before this returns, so nobody is told of a version that is not served yet.
        before?.SignalReplaced();
        var now = time.GetUtcNow();
        _status = new ConfigurationStatus { LastReloadSucceeded = true, LastSuccess = now, Version = version, Hash = result.Loaded.Hash, Errors = result.Errors };
        metrics.Applied(now);
        Log.Applied(logger, version, snapshot.Routes.Count, snapshot.Clusters.Count, changes.Count);
        foreach (var warning in result.Errors)
        {
            Log.Warned(logger, warning);
        }

        return new ReloadResult(ReloadOutcome.Applied, version, changes, result.Errors);
    }

    private static bool SameProcessOptions(LoadedConfiguration before, LoadedConfiguration after) => ReadAtStart(before).SequenceEqual(ReadAtStart(after));

    private static IEnumerable<KeyValuePair<string, string?>> ReadAtStart(LoadedConfiguration configuration) =>
        TreeBinder.Flatten(configuration.Root)
            .Where(static pair => !Array.Exists(ReadAlways, key => pair.Key == key || pair.Key.StartsWith(key + ":", StringComparison.OrdinalIgnoreCase)))
            .OrderBy(static pair => pair.Key, StringComparer.OrdinalIgnoreCase);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Configuration {Version} is served: {Routes} routes, {Clusters} clusters, {Changes} changes")]
        public static partial void Applied(ILogger logger, int version, int routes, int clusters, int changes);

        [LoggerMessage(2, LogLevel.Error, "Configuration refused: {Error}")]
        public static partial void Rejected(ILogger logger, ConfigurationError error);

        [LoggerMessage(3, LogLevel.Error, "Configuration {Version} is served on; the new one has {Count} errors")]
        public static partial void KeptLastGood(ILogger logger, int version, int count);

        [LoggerMessage(4, LogLevel.Warning, "Options of the process changed; they take effect at the next start")]
        public static partial void NeedsRestart(ILogger logger);

        [LoggerMessage(5, LogLevel.Warning, "Configuration: {Finding}")]
        public static partial void Warned(ILogger logger, ConfigurationError finding);
    }
}
