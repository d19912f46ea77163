using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Hosting.Handover;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace BlazeGateway.Hosting;

/// <summary>The two listeners: clients use one, operators the other. Each has its own budget of connections, so neither can lock the other out.</summary>
internal sealed class Listeners
{
    private readonly IReadOnlyList<ListenPlace> _proxy;
    private readonly ListenPlace _admin;
    private readonly ReloadingCertificate? _certificate;
    private readonly TimeProvider _time;
    private readonly List<ListenOptions> _proxyBound = [];
    private readonly List<IConnectionListener> _open = [];
    private ListenOptions? _adminBound;

    /// <summary>Reads the addresses and loads the certificate.</summary>
    /// <exception cref="FormatException">An address is not understood.</exception>
    /// <exception cref="InvalidOperationException">The certificate is missing or cannot be used.</exception>
    /// <exception cref="CannotBindException">Sockets were handed over that contradict the addresses.</exception>
    public Listeners(ProcessOptions options, IReadOnlyList<HandedSocket> handed, int connections, TimeProvider time, ILogger log)
    {
        _proxy = ListenPlace.OfProxy(options.Proxy, handed);
        _admin = ListenPlace.OfAdmin(options.Admin, handed);
        _time = time;
        if (options.Proxy.Certificate is { } certificate)
        {
            _certificate = new ReloadingCertificate(certificate, time, log);
        }
        else if (_admin.Address.IsHttps || _proxy.Any(place => place.Address.IsHttps))
        {
            throw new InvalidOperationException("An https:// address needs Proxy:Certificate with Path (and KeyPath for a PEM key of its own).");
        }

        ProxyConnections = new ListenerConnections(connections, time);
        AdminConnections = new ListenerConnections(options.Admin.MaxConnections, time);
    }

    /// <summary>Connections of clients.</summary>
    public ListenerConnections ProxyConnections { get; }

    /// <summary>Connections of operators.</summary>
    public ListenerConnections AdminConnections { get; }

    /// <summary>Whether only this machine can reach the admin listener.</summary>
    public bool IsAdminLocal => _admin.Address.IsLoopback;

    /// <summary>Whether what operators send, tokens among it, is encrypted on its way to the listener.</summary>
    public bool IsAdminEncrypted => _admin.Address.IsHttps;

    /// <summary>Addresses clients use, with the ports that were bound.</summary>
    public IReadOnlyList<Uri> ProxyAddresses => [.. _proxy.Zip(_proxyBound, static (place, bound) => place.Address.Reachable(bound.IPEndPoint?.Port ?? place.Address.Port))];

    /// <summary>Address operators use, with the port that was bound.</summary>
    public Uri AdminAddress => _admin.Address.Reachable(_adminBound!.IPEndPoint?.Port ?? _admin.Address.Port);

    /// <summary>Binds both to the server.</summary>
    public void Configure(KestrelServerOptions kestrel)
    {
        foreach (var place in _proxy)
        {
            Listen(kestrel, place, ProxyConnections, listener =>
            {
                _proxyBound.Add(listener);
                if (!place.Address.IsHttps)
                {
                    PrefaceDetection.Use(listener, _time, kestrel.Limits);
                }
            });
        }

        Listen(kestrel, _admin, AdminConnections, listener =>
        {
            _adminBound = listener;
            listener.Use(next => connection =>
            {
                connection.Features.Set(AdminListener.Instance);
                return next(connection);
            });
        });
    }

    /// <summary>What stands in the way of listening, one line for each address, with the option that changes it; null when nothing does.</summary>
    public string? Obstacles() => ListenObstacles.Describe(
        [
            .. _proxy.Where(static place => place.Descriptor is null).Select(static place => new ListenWish(place.Address, "--urls", "Proxy:Urls")),
            .. new[] { _admin }.Where(static place => place.Descriptor is null).Select(static place => new ListenWish(place.Address, "--admin-url", "Admin:Url")),
        ]);

    /// <summary>Remembers a listener that was opened, so that it can be closed before the others.</summary>
    public IConnectionListener Opened(IConnectionListener listener)
    {
        lock (_open)
        {
            _open.Add(listener);
        }

        return listener;
    }

    /// <summary>Whether operators speak HTTP without TLS there.</summary>
    public bool SpeaksClear(EndPoint endpoint) => !_admin.Address.IsHttps && IsAdmin(endpoint);

    /// <summary>
    /// Accepts no more clients. Sockets that were handed over stay open, for the next process; where operators' was handed over, too, the next one answers them.
    /// </summary>
    public async Task StopAcceptingAsync()
    {
        IConnectionListener[] closing;
        lock (_open)
        {
            closing = [.. _open.Where(listener => _admin.Descriptor is not null || !IsAdmin(listener.EndPoint))];
            _open.RemoveAll(closing.Contains);
        }

        foreach (var listener in closing)
        {
            await listener.UnbindAsync();
        }
    }

    private bool IsAdmin(EndPoint endpoint) =>
        endpoint is IPEndPoint at && at.Port == AdminAddress.Port && (at.Address.Equals(_adminBound!.IPEndPoint?.Address) || (_admin.Address.IsLocalhost && IPAddress.IsLoopback(at.Address)));

    private void Listen(KestrelServerOptions kestrel, ListenPlace place, ListenerConnections connections, Action<ListenOptions> configure)
    {
        var address = place.Address;
        void Setup(ListenOptions listener)
        {
            listener.Use(connections.Count);
            if (address.IsHttps)
            {
                listener.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(ServerOptions()) });
            }

            configure(listener);
        }

        if (place.Descriptor is { } descriptor)
        {
            kestrel.ListenHandle((ulong)descriptor, Setup);
        }
        else if (address.IsLocalhost && address.Port != 0)
        {
            kestrel.ListenLocalhost(address.Port, Setup);
        }
        else if (address.IsLocalhost)
        {
            kestrel.Listen(IPAddress.Loopback, 0, Setup);
        }
        else if (address.Address is { } ip)
        {
            kestrel.Listen(ip, address.Port, Setup);
        }
        else
        {
            kestrel.ListenAnyIP(address.Port, Setup);
        }
    }

    private SslServerAuthenticationOptions ServerOptions() => new()
    {
        ServerCertificateContext = _certificate!.Current(),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    };
}
