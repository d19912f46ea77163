using Prometheus;

namespace BlazeGateway.Hosting;

/// <summary>Connections of the two listeners, read when they are asked for.</summary>
internal static class ConnectionMetrics
{
    /// <summary>Adds the figures to <paramref name="registry"/>.</summary>
    public static void Register(CollectorRegistry registry, Listeners listeners)
    {
        var factory = Metrics.WithCustomRegistry(registry);
        var open = factory.CreateGauge("blaze_connections", "Connections open, upgraded ones too.", ["listener"]);
        var limit = factory.CreateGauge("blaze_connections_limit", "Connections that may be open at once.", ["listener"]);
        var refused = factory.CreateCounter("blaze_connections_refused_total", "Connections closed at once because the limit was reached.", ["listener"]);
        foreach (var (name, connections) in new[] { ("proxy", listeners.ProxyConnections), ("admin", listeners.AdminConnections) })
        {
            limit.WithLabels(name).Set(connections.Budget);
            var openNow = open.WithLabels(name);
            var refusedSoFar = refused.WithLabels(name);
            registry.AddBeforeCollectCallback(() =>
            {
                openNow.Set(connections.Open);
                refusedSoFar.IncTo(connections.Refused);
            });
        }
    }
}
