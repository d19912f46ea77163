using System.Net;
using BlazeGateway.Demo.ModelServer.Batching;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BlazeGateway.Demo.ModelServer;

/// <summary>A simulated model server: bare Kestrel, no middleware, one engine loop. Starts in a test's process or behind <c>blaze model-server</c>.</summary>
internal sealed class ModelServerHost : IAsyncDisposable
{
    private readonly KestrelServer _server;
    private readonly ModelServerApplication _application;
    private readonly EngineLoop _engine;

    private ModelServerHost(KestrelServer server, ModelServerApplication application, EngineLoop engine)
    {
        _server = server;
        _application = application;
        _engine = engine;
        Address = new Uri(server.Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    /// <summary>Where it listens, without a trailing path.</summary>
    public Uri Address { get; }

    /// <summary>What reached it.</summary>
    public ModelServerStats Stats => _application.Stats;

    /// <summary>Its engine, for a look at queue, batch and cache.</summary>
    public BatchEngine Engine => _engine.Engine;

    /// <summary>Starts listening.</summary>
    /// <exception cref="IOException">The port is taken or may not be bound.</exception>
    public static async Task<ModelServerHost> StartAsync(
        ModelServerHostOptions options, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        time ??= TimeProvider.System;
        var engine = new EngineLoop(options.Engine, time);
        var application = new ModelServerApplication(options, engine, time);
        try
        {
            var server = CreateServer(options);
            await server.StartAsync(application, cancellationToken);
            return new ModelServerHost(server, application, engine);
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using (var now = new CancellationTokenSource())
        {
            await now.CancelAsync();
            await _server.StopAsync(now.Token);
        }

        _server.Dispose();
        await _engine.DisposeAsync();
    }

    private static KestrelServer CreateServer(ModelServerHostOptions options)
    {
        var kestrel = new KestrelServerOptions { AddServerHeader = false, AllowSynchronousIO = false };
        kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(1);
        kestrel.Listen(ResolveAddress(options.Host), options.Port, listen => listen.Protocols = HttpProtocols.Http1);
        var sockets = new SocketTransportOptions { UnsafePreferInlineScheduling = options.InlineScheduling, Backlog = 4096 };
        var transport = new SocketTransportFactory(Options.Create(sockets), NullLoggerFactory.Instance);
        return new KestrelServer(Options.Create(kestrel), transport, NullLoggerFactory.Instance);
    }

    private static IPAddress ResolveAddress(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback : IPAddress.Parse(host);
}
