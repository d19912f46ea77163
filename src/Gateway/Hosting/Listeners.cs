using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Options;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace BlazeGateway.Hosting;

/// <summary>The two listeners: clients use one, operators the other. Each has its own budget of connections, so neither can lock the other out.</summary>
internal sealed class Listeners
{
    private readonly IReadOnlyList<ListenAddress> _proxy;
    private readonly ListenAddress _admin;
    private readonly ReloadingCertificate? _certificate;
    private readonly TimeProvider _time;
    private readonly List<ListenOptions> _proxyBound = [];
    private ListenOptions? _adminBound;

    /// <summary>Reads the addresses and loads the certificate.</summary>
    /// <exception cref="FormatException">An address is not understood.</exception>
    /// <exception cref="InvalidOperationException">The certificate is missing or cannot be used.</exception>
    public Listeners(ProcessOptions options, int connections, TimeProvider time, ILogger log)
    {
        _proxy = ListenAddress.ParseAll(options.Proxy.Urls, "Proxy:Urls (--urls)");
        _admin = ListenAddress.Parse(options.Admin.Url, "Admin:Url (--admin-url)");
        _time = time;
        if (options.Proxy.Certificate is { } certificate)
        {
            _certificate = new ReloadingCertificate(certificate, time, log);
        }
        else if (_admin.IsHttps || _proxy.Any(address => address.IsHttps))
        {
            throw new InvalidOperationException("An https:// address needs Proxy:Certificate with Path (and KeyPath for a PEM key of its own).");
        }

        ProxyConnections = new ListenerConnections(connections);
        AdminConnections = new ListenerConnections(options.Admin.MaxConnections);
    }

    /// <summary>Connections of clients.</summary>
    public ListenerConnections ProxyConnections { get; }

    /// <summary>Connections of operators.</summary>
    public ListenerConnections AdminConnections { get; }

    /// <summary>Whether only this machine can reach the admin listener.</summary>
    public bool IsAdminLocal => _admin.IsLoopback;

    /// <summary>Whether what operators send, tokens among it, is encrypted on its way to the listener.</summary>
    public bool IsAdminEncrypted => _admin.IsHttps;

    /// <summary>Addresses clients use, with the ports that were bound.</summary>
    public IReadOnlyList<Uri> ProxyAddresses => [.. _proxy.Zip(_proxyBound, static (address, bound) => address.Reachable(bound.IPEndPoint?.Port ?? address.Port))];

    /// <summary>Address operators use, with the port that was bound.</summary>
    public Uri AdminAddress => _admin.Reachable(_adminBound!.IPEndPoint?.Port ?? _admin.Port);

    /// <summary>Binds both to the server.</summary>
    public void Configure(KestrelServerOptions kestrel)
    {
        foreach (var address in _proxy)
        {
            Listen(kestrel, address, ProxyConnections, listener =>
            {
                _proxyBound.Add(listener);
                if (!address.IsHttps)
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
        [.. _proxy.Select(static address => new ListenWish(address, "--urls", "Proxy:Urls")), new ListenWish(_admin, "--admin-url", "Admin:Url")]);

    private void Listen(KestrelServerOptions kestrel, ListenAddress address, ListenerConnections connections, Action<ListenOptions> configure)
    {
        void Setup(ListenOptions listener)
        {
            listener.Use(connections.Count);
            if (address.IsHttps)
            {
                listener.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(ServerOptions()) });
            }

            configure(listener);
        }

        if (address.IsLocalhost && address.Port != 0)
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
