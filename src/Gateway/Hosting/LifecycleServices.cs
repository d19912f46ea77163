using BlazeGateway.Configuration.Options;
using BlazeGateway.Hosting.Draining;
using BlazeGateway.Hosting.Handover;
using BlazeGateway.Hosting.Supervision;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace BlazeGateway.Hosting;

/// <summary>Registers what looks after the process's beginning and end.</summary>
internal static class LifecycleServices
{
    public static void Add(IServiceCollection services, ProcessOptions process, Listeners listeners)
    {
        services.AddSingleton(process.Drain);
        services.AddSingleton(process.Watchdog);
        services.AddSingleton<Drain>();
        services.AddSingleton(static _ => Supervisor.OfProcess());
        services.AddSingleton(new WatchdogPorts());
        services.AddSingleton<Watchdog>();
        services.Replace(ServiceDescriptor.Singleton<IHostLifetime, ProcessSignals>());
        services.RemoveAll<IConnectionListenerFactory>();
        services.AddSingleton<IConnectionListenerFactory>(provider =>
        {
            var watchdog = provider.GetRequiredService<Watchdog>();
            return new ClosableListenerFactory(
                new SocketTransportFactory(provider.GetRequiredService<IOptions<SocketTransportOptions>>(), provider.GetRequiredService<ILoggerFactory>()),
                listener => listeners.Opened(new StuckAnswer(listener, endpoint => watchdog.Cause is { } cause && listeners.SpeaksClear(endpoint) ? cause : null)));
        });
    }
}
