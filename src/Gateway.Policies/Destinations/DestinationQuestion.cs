using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Destinations;

/// <summary>How one destination is asked for its models: where, with which connections, credential and protocol version. Immutable.</summary>
internal sealed class DestinationQuestion
{
    private readonly ClusterModel _cluster;
    private readonly DestinationCredentials _credentials;
    private readonly string _destination;
    private readonly string? _host;
    private readonly Uri _uri;

    public DestinationQuestion(ClusterModel cluster, ClusterExtensions extensions, string destination, DestinationModel model)
    {
        _cluster = cluster;
        _credentials = new DestinationCredentials(extensions);
        _destination = destination;
        _host = model.Config.Host;
        Server = extensions.ModelServer ?? new ModelServerOptions();
        Configured = Server.Models.Count == 0 ? null : ModelSet.From(Server.Models.Select(name => new ModelEntry { Name = name }));
        var path = ModelServerPaths.List(Server);
        var query = path.IndexOf('?', StringComparison.Ordinal);
        _uri = RequestUtilities.MakeDestinationAddress(
            model.Config.Address,
            new PathString(query < 0 ? path : path[..query]),
            query < 0 ? QueryString.Empty : new QueryString(path[query..]));
        Address = Shown(new Uri(model.Config.Address));
    }

    /// <summary>The model server's options.</summary>
    public ModelServerOptions Server { get; }

    /// <summary>Models by configuration, which then decide; null when the destination is to tell them.</summary>
    public ModelSet? Configured { get; }

    /// <summary>The destination's address without user or query, for people.</summary>
    public string Address { get; }

    /// <summary>Path asked, for people.</summary>
    public string Path => _uri.AbsolutePath;

    /// <summary>Whether the answer's body tells the models.</summary>
    public bool ReadsModels => Configured is null && ModelServerPaths.ListTellsNames(Server.Kind);

    /// <summary>Whether a credential is sent.</summary>
    public bool HasCredential => _credentials.Find(_destination) is not null;

    /// <summary>Sends the question over the cluster's own connections; returns when the headers are here.</summary>
    public Task<HttpResponseMessage> SendAsync(CancellationToken cancellationToken)
    {
        var options = _cluster.Config.HttpRequest;
        var request = new HttpRequestMessage(HttpMethod.Get, _uri)
        {
            Version = options?.Version ?? System.Net.HttpVersion.Version20,
            VersionPolicy = options?.VersionPolicy ?? HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.Host = _host;
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "BlazeGateway");
        if (Server.Kind == ModelServerKinds.Anthropic)
        {
            request.Headers.TryAddWithoutValidation("anthropic-version", ModelServerPaths.AnthropicVersion);
        }

        _credentials.Apply(_destination, request.Headers);
        return _cluster.HttpClient.SendAsync(request, cancellationToken);
    }

    /// <summary>An address as it may be shown: no user, no query.</summary>
    internal static string Shown(Uri address) =>
        address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
}
