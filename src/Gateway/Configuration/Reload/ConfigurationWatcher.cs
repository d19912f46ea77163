namespace BlazeGateway.Configuration.Reload;

/// <summary>
/// Notices new content of the files and secrets. Looks instead of being told, because notifications miss the symbolic links Kubernetes swaps
/// (dotnet/runtime #36091): cheap attributes of each resolved file five times a second, the content when they differ and every 30 s regardless.
/// </summary>
internal sealed partial class ConfigurationWatcher(
    ConfigurationSources sources, GuardedConfigProvider provider, TimeProvider time, ILogger<ConfigurationWatcher> logger) : BackgroundService
{
    /// <summary>Between two looks. Seen at the first look after a change and taken at the third after that: 0.8 s at most, however unevenly the looks fall.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Content must stay the same for this long before it is used, so that a file being written is not read in halves.</summary>
    public static readonly TimeSpan Debounce = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest time between two looks at the content itself.</summary>
    public static readonly TimeSpan FullLook = TimeSpan.FromSeconds(30);

    private string? _attributes;
    private string? _pendingHash;
    private long _pendingSince;
    private long _lastFullLook = time.GetTimestamp();
    private string? _failure;

    /// <summary>One look. Returns the result when it led to a reload, null otherwise.</summary>
    public async Task<ReloadResult?> LookAsync(CancellationToken cancellationToken = default)
    {
        var attributes = Attributes();
        var due = time.GetElapsedTime(_lastFullLook) >= FullLook;
        if (attributes == _attributes && _pendingHash is null && !due)
        {
            return null;
        }

        _attributes = attributes;
        _lastFullLook = time.GetTimestamp();
        var content = ConfigurationContent.Read(sources);

        // The provider's memory and not one of its own: a reload an operator asked for is seen here too, and what comes after it is compared with that.
        if (content.Hash == provider.LastSeenHash)
        {
            _pendingHash = null;
            return null;
        }

        if (content.Hash != _pendingHash)
        {
            _pendingHash = content.Hash;
            _pendingSince = time.GetTimestamp();
            return null;
        }

        if (time.GetElapsedTime(_pendingSince) < Debounce)
        {
            return null;
        }

        _pendingHash = null;
        if (await provider.ReloadIfAsync(content.Hash, cancellationToken) is { } result)
        {
            return result;
        }

        // It changed between this look and the provider's; the next look finds what it is now, whatever the attributes say.
        _attributes = null;
        return null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await LookOnAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }

    /// <summary>One look that nothing it meets can end: an exception here would end the process. Each failure is told once.</summary>
    private async Task LookOnAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LookAsync(cancellationToken);
            _failure = null;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            if (exception.Message != _failure)
            {
                _failure = exception.Message;
                Log.CannotLook(logger, exception.GetType().Name, exception.Message);
            }
        }
    }

    private string Attributes()
    {
        var paths = ConfigurationContent.Paths(sources).Select(static part => part.Path);
        if (sources.SecretsDirectory is { } secrets && Directory.Exists(secrets))
        {
            paths = paths.Append(secrets).Concat(Directory.EnumerateFiles(secrets).Order(StringComparer.Ordinal));
        }

        return string.Join('|', paths.Select(AttributesOf));
    }

    private static string AttributesOf(string path)
    {
        try
        {
            var file = new FileInfo(path);
            var target = file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
            target.Refresh();
            var length = target is FileInfo { Exists: true } regular ? regular.Length : -1;
            return $"{target.FullName} {length} {target.LastWriteTimeUtc.Ticks}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.GetType().Name;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(11, LogLevel.Error, "The configuration cannot be looked at, the one being served stays: {Exception} {Reason}")]
        public static partial void CannotLook(ILogger logger, string exception, string reason);
    }
}
