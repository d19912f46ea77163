using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Reload;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace BlazeGateway.Tests.Configuration.Reload;

/// <summary>Real files, the provider that serves them and the watcher that looks at them, on a clock that stands until it is moved.</summary>
internal sealed class WatchedConfiguration : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    /// <param name="settings">What <c>appsettings.json</c> holds from the start on.</param>
    public WatchedConfiguration(string settings = "{}")
    {
        Directory.Write("appsettings.json", settings);
        var sources = Directory.Sources;
        _services = OfflineServices.Create(sources, services =>
        {
            services.AddLogging(builder => builder.AddProvider(Logs));
            services.AddSingleton<TimeProvider>(Time);
            services.AddSingleton(Metrics.NewCustomRegistry());
            services.AddSingleton<ConfigurationMetrics>();
            services.AddSingleton<GuardedConfigProvider>();
        });
        Provider = _services.GetRequiredService<GuardedConfigProvider>();
        Watcher = new ConfigurationWatcher(sources, Provider, Time, _services.GetRequiredService<ILogger<ConfigurationWatcher>>());
    }

    public TestDirectory Directory { get; } = new();

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public LogList Logs { get; } = new();

    public GuardedConfigProvider Provider { get; }

    public ConfigurationWatcher Watcher { get; }

    /// <summary>Path of the route <c>files</c> as it is served.</summary>
    public string ServedPath => Provider.GetConfig().Routes.Single(static route => route.RouteId == "files").Match.Path!;

    /// <summary>The good configuration with another path for the route <c>files</c>.</summary>
    public void WritePath(string path) =>
        Directory.Write("routes.json", TestDirectory.Good.Replace("/files/{**rest}", path, StringComparison.Ordinal));

    /// <summary>Looks as the watcher does by itself until <paramref name="limit"/> has passed; null when nothing was reloaded.</summary>
    public async Task<ReloadResult?> LookForAsync(TimeSpan limit)
    {
        for (var end = Time.GetUtcNow() + limit; Time.GetUtcNow() <= end; Time.Advance(ConfigurationWatcher.Interval))
        {
            if (await Watcher.LookAsync() is { } result)
            {
                return result;
            }
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        Watcher.Dispose();
        await _services.DisposeAsync();
        Directory.Dispose();
    }
}
