using System.Diagnostics;
using System.Net;
using Yarp.ReverseProxy.Forwarder;

namespace BlazeGateway.Policies.Pipeline.Connections;

/// <summary>
/// Makes the <see cref="ClusterConnections"/> of a cluster from YARP's <c>HttpClient</c> section and our <c>Extensions.Tls</c>.
/// When the configuration of a cluster changes, its connections stay the same object and only the generation behind is swapped.
/// </summary>
internal sealed class ClusterConnectionsFactory(DestinationSockets sockets) : ForwarderHttpClientFactory, IForwarderHttpClientFactory
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Returns the cluster's connections, swapped if what they depend on changed.</summary>
    public new HttpMessageInvoker CreateClient(ForwarderHttpClientContext context)
    {
        if (context.OldClient is not ClusterConnections connections)
        {
            return new ClusterConnections(CreateHandler(context), CreateForQuestions(context));
        }

        if (!CanReuseOldClient(context))
        {
            connections.Swap(CreateHandler(context), CreateForQuestions(context));
        }

        return connections;
    }

    /// <inheritdoc />
    protected override bool CanReuseOldClient(ForwarderHttpClientContext context) =>
        base.CanReuseOldClient(context)
        && ExtensionsCarrier.ReadCluster(context.OldMetadata).Tls == ExtensionsCarrier.ReadCluster(context.NewMetadata).Tls;

    // Requests may hold every connection a configuration allows, and a probe that waits behind them would call a busy server dead.
    private SocketsHttpHandler? CreateForQuestions(ForwarderHttpClientContext context)
    {
        if (context.NewConfig.MaxConnectionsPerServer is null)
        {
            return null;
        }

        var handler = CreateHandler(context);
        handler.MaxConnectionsPerServer = int.MaxValue;
        return handler;
    }

    private SocketsHttpHandler CreateHandler(ForwarderHttpClientContext context)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = new ReverseProxyPropagator(DistributedContextPropagator.Current),
            ConnectTimeout = ConnectTimeout,
            ConnectCallback = sockets.ConnectAsync,
            PlaintextStreamFilter = UnrepeatedStream.Wrap,
            MaxResponseHeadersLength = 32,

            // An answer nobody wants any more is not read on in order to keep its connection: the model server would go on computing it.
            ResponseDrainTimeout = TimeSpan.Zero,
        };
        ConfigureHandler(context, handler);
        if (ExtensionsCarrier.ReadCluster(context.NewMetadata).Tls is { } tls)
        {
            DestinationTls.Apply(handler.SslOptions, tls);
        }

        return handler;
    }
}
