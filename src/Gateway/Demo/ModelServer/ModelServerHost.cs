using System.Net;
using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.ModelServer.Faults;
using BlazeGateway.Demo.ModelServer.Surface;
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
    private readonly RefusableListenerFactory _listener;
    private readonly ServerContext _context;
    private readonly ITimer _expiry;
    private int _isRefusing;

    private ModelServerHost(KestrelServer server, RefusableListenerFactory listener, ServerContext context)
    {
        _server = server;
        _listener = listener;
        _context = context;
        Address = new Uri(server.Features.Get<IServerAddressesFeature>()!.Addresses.First());
        _expiry = context.Time.CreateTimer(static host => ((ModelServerHost)host!).ApplyRefusal(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        context.FaultsChanged = ApplyRefusal;
        ApplyRefusal();
    }

    /// <summary>Where it listens, without a path.</summary>
    public Uri Address { get; }

    /// <summary>What reached it.</summary>
    public ModelServerStats Stats => _context.Stats;

    /// <summary>Its engine, for a look at queue, batch and cache.</summary>
    public BatchEngine Engine => _context.Engine.Engine;

    /// <summary>Starts listening.</summary>
    /// <param name="options">What it is.</param>
    /// <param name="time">Paces the engine and the faults. Default: the system's clock.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="IOException">The port is taken or may not be bound.</exception>
    public static async Task<ModelServerHost> StartAsync(
        ModelServerHostOptions options, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        time ??= TimeProvider.System;
        var faults = new FaultSet(options.Seed, time);
        faults.Set(options.Faults);
        var engine = new EngineLoop(options.Engine, time, () => faults.Slowdown);
        try
        {
            var context = new ServerContext(options, engine, faults, new ModelServerStats(options.RememberedRequests), time);
            var (server, listener) = CreateServer(options);
            await server.StartAsync(new ModelServerApplication(context), cancellationToken);
            return new ModelServerHost(server, listener, context);
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Replaces the faults in force.</summary>
    public void SetFault(FaultPlan plan)
    {
        _context.Faults.Set(plan);
        ApplyRefusal();
    }

    /// <summary>Replaces the faults in force by a plan written as text.</summary>
    /// <exception cref="FormatException">The plan breaks the grammar.</exception>
    public void SetFault(string plan) => SetFault(FaultPlan.Parse(plan));

    public async ValueTask DisposeAsync()
    {
        await _expiry.DisposeAsync();
        using (var now = new CancellationTokenSource())
        {
            await now.CancelAsync();
            await _server.StopAsync(now.Token);
        }

        _server.Dispose();
        await _context.Engine.DisposeAsync();
    }

    private void ApplyRefusal()
    {
        var refusal = _context.Faults.Refusal;
        if (refusal?.Lasts is { } lasts)
        {
            _expiry.Change(lasts + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }

        var refuse = refusal is null ? 0 : 1;
        if (Interlocked.Exchange(ref _isRefusing, refuse) != refuse)
        {
            _ = refuse == 1 ? _listener.RefuseAsync() : _listener.AcceptAsync();
        }
    }

    private static (KestrelServer Server, RefusableListenerFactory Listener) CreateServer(ModelServerHostOptions options)
    {
        var kestrel = new KestrelServerOptions { AddServerHeader = false, ApplicationServices = new NoServices() };
        kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(1);
        kestrel.Listen(ResolveAddress(options.Host), options.Port, listen =>
        {
            listen.Protocols = options.IsHttp2 ? HttpProtocols.Http2 : HttpProtocols.Http1;
            if (options.Certificate is { } certificate)
            {
                listen.UseHttps(certificate);
            }
        });
        var sockets = new SocketTransportOptions { UnsafePreferInlineScheduling = true, Backlog = 4096 };
        var listener = new RefusableListenerFactory(new SocketTransportFactory(Options.Create(sockets), NullLoggerFactory.Instance));
        return (new KestrelServer(Options.Create(kestrel), listener, NullLoggerFactory.Instance), listener);
    }

    private static IPAddress ResolveAddress(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback : IPAddress.Parse(host);

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => serviceType == typeof(ILoggerFactory) ? NullLoggerFactory.Instance : null;
    }
}
