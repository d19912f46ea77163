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
    private readonly SemaphoreSlim _one = new(1, 1);
    private volatile RoutesSnapshot? _snapshot;
    private volatile LoadedConfiguration? _served;
    private volatile LoadedConfiguration? _started;
    private volatile ConfigurationStatus _status = new();
    private Action<ProcessOptions>? _applied;
    private volatile string _lastSeenHash = "";

    /// <summary>What is known about the configuration.</summary>
    public ConfigurationStatus Status => _status;

    /// <summary>Hash of the content looked at last, whoever asked for it and whether it is served or was refused.</summary>
    public string LastSeenHash => _lastSeenHash;

    /// <summary>Calls <paramref name="apply"/> with the options of the process whenever a configuration is taken from now on, before it is served.</summary>
    public void OnApplied(Action<ProcessOptions> apply) => _applied += apply;

    /// <summary>Loads the first configuration. Throws <see cref="InvalidConfigurationException"/> with every reason when it cannot be used.</summary>
    /// <param name="started">What the options of the process were read from; null: the one that is loaded.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task LoadAsync(LoadedConfiguration? started = null, CancellationToken cancellationToken = default)
    {
        if (_snapshot is not null)
        {
            return;
        }

        _started ??= started;
        var result = await ReloadNowAsync(cancellationToken);
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
    public async Task<ReloadResult> ReloadNowAsync(CancellationToken cancellationToken = default) => (await ReloadAsync(null, cancellationToken))!;

    /// <summary>Serves what the files hold, if it is right and still what has <paramref name="hash"/>; null when they hold something else by now.</summary>
    public Task<ReloadResult?> ReloadIfAsync(string hash, CancellationToken cancellationToken = default) => ReloadAsync(hash, cancellationToken);

    /// <summary>The merged configuration in effect, as JSON text without secrets: what is served, and of keys read at the start what was read then.</summary>
    public string Effective() => _served is { } served
        ? MaskedView.Write(StartKeys.InEffect(_started!.Root, served.Root))
        : throw new InvalidOperationException("No configuration is loaded yet.");

    public void Dispose()
    {
        _one.Dispose();
        _snapshot?.Dispose();
    }

    private async Task<ReloadResult?> ReloadAsync(string? expectedHash, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            // Read in here: of two reloads the later one must not bring back what the files held before the earlier one.
            var content = ConfigurationContent.Read(checker.Sources);
            if (expectedHash is not null && content.Hash != expectedHash)
            {
                return null;
            }

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

    private ReloadResult Unchanged(ConfigurationContent content)
    {
        _lastSeenHash = content.Hash;
        _status = _status with { LastReloadSucceeded = true, Errors = _served!.Errors.All };
        metrics.Unchanged();
        return new ReloadResult(ReloadOutcome.Unchanged, _status, [], _served.Errors.All);
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
        return new ReloadResult(ReloadOutcome.Rejected, _status, [], result.Errors);
    }

    private ReloadResult Apply(CheckedConfiguration result, RoutesSnapshot? before)
    {
        var version = _status.Version + 1;
        var snapshot = result.Snapshot!.WithRevision(version);
        var changes = ConfigurationDifference.Between(before ?? RoutesSnapshot.Empty, snapshot);
        var needsRestart = NeedsRestart(result.Loaded);
        _applied?.Invoke(result.Loaded.ReadProcessOptions());
        _served = result.Loaded;
        _lastSeenHash = result.Loaded.Hash;
        _snapshot = snapshot;

        // YARP takes the new one before this returns, so nobody is told of a version that is not served yet.
        before?.SignalReplaced();
        var now = time.GetUtcNow();
        _status = new ConfigurationStatus
        {
            LastReloadSucceeded = true,
            LastSuccess = now,
            Version = version,
            NeedsRestart = needsRestart,
            Errors = result.Errors,
        };
        metrics.Applied(now);
        if (before is null)
        {
            // Nothing listens yet, and an address that is taken may keep it so.
            Log.Loaded(logger, version, snapshot.Routes.Count, snapshot.Clusters.Count);
        }
        else
        {
            Log.Applied(logger, version, snapshot.Routes.Count, snapshot.Clusters.Count, changes.Count);
        }

        foreach (var warning in result.Errors)
        {
            Log.Warned(logger, warning);
        }

        return new ReloadResult(ReloadOutcome.Applied, _status, changes, result.Errors);
    }

    /// <summary>Keys that would be in effect if the process were started now; told in the log when they became other ones or say something else.</summary>
    private IReadOnlyList<string> NeedsRestart(LoadedConfiguration loaded)
    {
        _started ??= loaded;
        var keys = StartKeys.Changed(_started.Root, loaded.Root);
        if (keys.Count > 0 && StartKeys.Changed((_served ?? _started).Root, loaded.Root).Count > 0)
        {
            Log.NeedsRestart(logger, StartKeys.Name(keys));
        }

        return keys;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Configuration {Version} is served. Routes: {Routes}, clusters: {Clusters}, changes: {Changes}")]
        public static partial void Applied(ILogger logger, int version, int routes, int clusters, int changes);

        [LoggerMessage(2, LogLevel.Error, "Configuration refused: {Error}")]
        public static partial void Rejected(ILogger logger, ConfigurationError error);

        [LoggerMessage(3, LogLevel.Error, "Configuration {Version} is served on. Errors in the new one: {Count}")]
        public static partial void KeptLastGood(ILogger logger, int version, int count);

        [LoggerMessage(4, LogLevel.Warning, "Changed, but read at the start only: {Keys}; they take effect at the next start")]
        public static partial void NeedsRestart(ILogger logger, string keys);

        [LoggerMessage(5, LogLevel.Information, "Configuration {Version} is loaded. Routes: {Routes}, clusters: {Clusters}")]
        public static partial void Loaded(ILogger logger, int version, int routes, int clusters);

        [LoggerMessage(6, LogLevel.Warning, "Configuration: {Finding}")]
        public static partial void Warned(ILogger logger, ConfigurationError finding);
    }
}
