using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Drops the series of routes, clusters and destinations that a new configuration no longer has.</summary>
internal sealed class SeriesUpkeep(RequestMetrics metrics) : IConfigChangeListener
{
    /// <inheritdoc/>
    public void ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs) => metrics.Retain(proxyConfigs);

    /// <inheritdoc/>
    public void ConfigurationLoaded(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
    }

    /// <inheritdoc/>
    public void ConfigurationLoadingFailed(IProxyConfigProvider configProvider, Exception exception)
    {
    }

    /// <inheritdoc/>
    public void ConfigurationApplyingFailed(IReadOnlyList<IProxyConfig> proxyConfigs, Exception exception)
    {
    }
}
