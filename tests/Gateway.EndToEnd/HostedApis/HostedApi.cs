using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.ModelServer.Faults;
using BlazeGateway.Demo.ModelServer.Surface;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace BlazeGateway.EndToEnd.HostedApis;

/// <summary>A hosted API on this machine: the simulated model server behind TLS and HTTP/2, which notes everything that arrives.</summary>
internal sealed class HostedApi : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly EngineLoop _engine;
    private readonly ConcurrentQueue<Arrival> _arrivals = new();

    private HostedApi(WebApplication app, EngineLoop engine)
    {
        _app = app;
        _engine = engine;
    }

    public int Port => new Uri(_app.Urls.First()).Port;

    /// <summary>Everything that arrived, in order.</summary>
    public IReadOnlyList<Arrival> Arrivals => [.. _arrivals];

    /// <summary>Arrivals of clients' requests, without the gateway's own questions for models.</summary>
    public IReadOnlyList<Arrival> Calls => [.. _arrivals.Where(arrival => arrival.Method == "POST")];

    /// <param name="options">What it is; a key in it is asked for.</param>
    /// <param name="certificate">What it shows.</param>
    /// <param name="clients">Authority of the clients it lets in; null lets in any.</param>
    public static async Task<HostedApi> StartAsync(ModelServerHostOptions options, IssuedCertificate certificate, X509Certificate2? clients = null)
    {
        var engine = new EngineLoop(options.Engine, TimeProvider.System, static () => 1);
        var context = new ServerContext(
            options, engine, new FaultSet(options.Seed, TimeProvider.System), new ModelServerStats(options.RememberedRequests), TimeProvider.System);
        var application = new ModelServerApplication(context);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate.Certificate;
                https.ServerCertificateChain = certificate.Chain;
                if (clients is not null)
                {
                    https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                    https.ClientCertificateValidation = (shown, chain, _) => IsIssuedBy(clients, shown, chain);
                }
            });
        }));
        var api = new HostedApi(builder.Build(), engine);
        api._app.Run(async http =>
        {
            api._arrivals.Enqueue(await Arrival.FromAsync(http));
            var request = application.CreateContext(http.Features);
            await application.ProcessRequestAsync(request);
            application.DisposeContext(request, null);
        });
        await api._app.StartAsync();
        return api;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _engine.DisposeAsync();
    }

    // The way up to the authority must have come with the certificate, as a server on the internet knows nothing else.
    private static bool IsIssuedBy(X509Certificate2 authority, X509Certificate2 shown, X509Chain? received)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.ExtraStore.AddRange(received!.ChainPolicy.ExtraStore);
        return chain.Build(shown);
    }
}

/// <summary>A request as it arrived.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Target">Path and query, not decoded.</param>
/// <param name="Protocol">HTTP version.</param>
/// <param name="Host">Host or :authority.</param>
/// <param name="Headers">All headers.</param>
/// <param name="Client">Subject of the client's certificate, null without one.</param>
/// <param name="Body">The body.</param>
internal sealed record Arrival(string Method, string Target, string Protocol, string Host, IReadOnlyDictionary<string, string> Headers, string? Client, string Body)
{
    public static async Task<Arrival> FromAsync(HttpContext http)
    {
        http.Request.EnableBuffering();
        using var reader = new StreamReader(http.Request.Body, leaveOpen: true);
        var body = await reader.ReadToEndAsync();
        http.Request.Body.Position = 0;
        return new Arrival(
            http.Request.Method,
            http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            http.Request.Protocol,
            http.Request.Host.Value!,
            http.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            http.Connection.ClientCertificate?.Subject,
            body);
    }
}
