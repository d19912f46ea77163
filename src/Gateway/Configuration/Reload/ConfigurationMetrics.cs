using Prometheus;

namespace BlazeGateway.Configuration.Reload;

/// <summary>Metrics of the configuration.</summary>
internal sealed class ConfigurationMetrics
{
    private readonly Gauge _successful;
    private readonly Gauge _timestamp;
    private readonly Counter.Child _applied;
    private readonly Counter.Child _rejected;
    private readonly Counter.Child _unchanged;

    public ConfigurationMetrics(CollectorRegistry registry)
    {
        var metrics = Metrics.WithCustomRegistry(registry);
        _successful = metrics.CreateGauge("blaze_config_last_reload_successful", "1 when the newest configuration is being served, 0 when it was refused.");
        _timestamp = metrics.CreateGauge("blaze_config_last_reload_success_timestamp_seconds", "When the configuration being served was taken, seconds since 1970.");
        var reloads = metrics.CreateCounter("blaze_config_reloads_total", "Attempts to take a configuration, by result.", "result");
        _applied = reloads.WithLabels("applied");
        _rejected = reloads.WithLabels("rejected");
        _unchanged = reloads.WithLabels("unchanged");
    }

    public void Applied(DateTimeOffset at)
    {
        _successful.Set(1);
        _timestamp.Set(at.ToUnixTimeMilliseconds() / 1000.0);
        _applied.Inc();
    }

    public void Rejected()
    {
        _successful.Set(0);
        _rejected.Inc();
    }

    public void Unchanged()
    {
        _successful.Set(1);
        _unchanged.Inc();
    }
}
