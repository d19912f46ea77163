using BlazeGateway.Policies.Destinations.Reports;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Destinations;

/// <summary>How one destination is asked whether it is alive, which models it serves and how loaded it is: where, with which connections, credential and protocol version. Immutable.</summary>
internal sealed class DestinationQuestion
{
    private const string Json = "application/json";
    private const string Metrics = "text/plain;version=0.0.4";

    private readonly ClusterModel _cluster;
    private readonly DestinationCredentials _credentials;
    private readonly string _destination;
    private readonly string? _host;
    private readonly Uri _uri;
    private readonly Uri? _probe;
    private readonly Uri? _report;

    public DestinationQuestion(ClusterModel cluster, ClusterExtensions extensions, string destination, DestinationModel model)
    {
        _cluster = cluster;
        _credentials = new DestinationCredentials(extensions);
        _destination = destination;
        _host = model.Config.Host;
        Server = extensions.ModelServer ?? new ModelServerOptions();
        Configured = Server.Models.Count == 0 ? null : ModelSet.From(Server.Models.Select(name => new ModelEntry { Name = name }));
        AsksModels = extensions.ModelServer is not null;
        Destinations = cluster.Config.Destinations?.Count ?? 1;
        _uri = At(model.Config.Address, ModelServerPaths.List(Server));
        _probe = ProbePath(cluster, extensions) is { } probe ? At(model.Config.Address, probe) : null;
        _report = ReportWish.Of(cluster.Config) && ModelServerPaths.Report(Server) is { } report ? At(model.Config.Address, report) : null;
        Address = Shown(new Uri(model.Config.Address));
    }

    /// <summary>Whether the destination is to be asked for its models.</summary>
    public bool AsksModels { get; }

    /// <summary>Whether the destination is probed.</summary>
    public bool IsProbed => _probe is not null;

    /// <summary>Whether the destination is asked for its load.</summary>
    public bool AsksLoad => _report is not null;

    /// <summary>Whether there is anything to ask of its health and its models.</summary>
    public bool IsEmpty => !AsksModels && !IsProbed;

    /// <summary>Destinations of the cluster.</summary>
    public int Destinations { get; }

    /// <summary>The model server's options.</summary>
    public ModelServerOptions Server { get; }

    /// <summary>Models by configuration, which then decide; null when the destination is to tell them.</summary>
    public ModelSet? Configured { get; }

    /// <summary>The destination's address without user or query, for people.</summary>
    public string Address { get; }

    /// <summary>Path asked, for people.</summary>
    public string Path => _uri.AbsolutePath;

    /// <summary>Path on which it tells its load, for people.</summary>
    public string LoadPath => _report?.AbsolutePath ?? "";

    /// <summary>Whether the answer's body tells the models.</summary>
    public bool ReadsModels => Configured is null && ModelServerPaths.ListTellsNames(Server.Kind);

    /// <summary>Whether a credential is sent.</summary>
    public bool HasCredential => _credentials.Find(_destination) is not null;

    /// <summary>Asks for the models over the cluster's own connections; returns when the headers are here.</summary>
    public Task<HttpResponseMessage> SendAsync(CancellationToken cancellationToken) => SendAsync(_uri, Json, cancellationToken);

    /// <summary>Asks whether it is alive, in the same way.</summary>
    public Task<HttpResponseMessage> ProbeAsync(CancellationToken cancellationToken) => SendAsync(_probe!, Json, cancellationToken);

    /// <summary>Asks how loaded it is, in the same way.</summary>
    public Task<HttpResponseMessage> AskLoadAsync(CancellationToken cancellationToken) =>
        SendAsync(_report!, Server.Kind == ModelServerKinds.Ollama ? Json : Metrics, cancellationToken);

    /// <summary>An address as it may be shown: no user, no query.</summary>
    internal static string Shown(Uri address) =>
        address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>The path probed: the configured one, else the kind's. None while YARP's own active check asks the destinations already.</summary>
    private static string? ProbePath(ClusterModel cluster, ClusterExtensions extensions)
    {
        var health = extensions.Health;
        var path = health.Path ?? (extensions.ModelServer is { } server ? ModelServerPaths.Health(server.Kind) : null);
        var isWanted = health.Probe ?? cluster.Config.HealthCheck?.Active?.Enabled != true;
        return isWanted ? path : null;
    }

    private static Uri At(string address, string path)
    {
        var query = path.IndexOf('?', StringComparison.Ordinal);
        return RequestUtilities.MakeDestinationAddress(
            address, new PathString(query < 0 ? path : path[..query]), query < 0 ? QueryString.Empty : new QueryString(path[query..]));
    }

    private Task<HttpResponseMessage> SendAsync(Uri uri, string accept, CancellationToken cancellationToken)
    {
        var options = _cluster.Config.HttpRequest;
        var request = new HttpRequestMessage(HttpMethod.Get, uri)
        {
            Version = options?.Version ?? System.Net.HttpVersion.Version20,
            VersionPolicy = options?.VersionPolicy ?? HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.Host = _host;
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("User-Agent", "BlazeGateway");
        if (Server.Kind == ModelServerKinds.Anthropic)
        {
            request.Headers.TryAddWithoutValidation("anthropic-version", ModelServerPaths.AnthropicVersion);
        }

        _credentials.Apply(_destination, request.Headers);
        return _cluster.HttpClient.SendAsync(request, cancellationToken);
    }
}
