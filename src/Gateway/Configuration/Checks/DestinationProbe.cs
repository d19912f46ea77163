using System.Net.Sockets;
using System.Security.Authentication;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Pipeline.Connections;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Checks;

/// <summary>Asks every destination for its list of models, which costs nothing, and warns of those that are down or refuse the credential.</summary>
internal static class DestinationProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task<IReadOnlyList<ConfigurationError>> ProbeAsync(
        ConfigurationNode root, RoutesSnapshot snapshot, TimeProvider time, CancellationToken cancellationToken)
    {
        var errors = new ConfigurationErrors();
        foreach (var cluster in snapshot.Clusters)
        {
            using var client = CreateClient(cluster);
            var destinations = cluster.Destinations!.ToArray();
            var faults = await Task.WhenAll(destinations.Select(pair => FaultAsync(client, cluster, pair.Key, pair.Value, time, cancellationToken)));
            foreach (var (pair, fault) in destinations.Zip(faults).Where(static result => result.Second is not null))
            {
                var path = RoutesReader.ClustersPath.Then(cluster.ClusterId).Then("Destinations").Then(pair.Key).Then("Address");
                errors.Warn(root.PlaceOf(path), path, $"Destination '{pair.Key}' of cluster '{cluster.ClusterId}' at {pair.Value.Address} {fault}.");
            }
        }

        return errors.All;
    }

    /// <summary>The status by which a model server refuses the key configured for it, or asks for one; null when it does neither, or does not answer.</summary>
    public static async Task<int?> RefusedKeyAsync(
        ClusterConfig cluster, string id, DestinationConfig destination, TimeProvider time, CancellationToken cancellationToken)
    {
        if (ExtensionsCarrier.Read(cluster).ModelServer is null)
        {
            return null;
        }

        using var client = CreateClient(cluster);
        using var request = Question(cluster, id, destination);
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return (int)response.StatusCode is 401 or 403 ? (int)response.StatusCode : null;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    private static HttpClient CreateClient(ClusterConfig cluster)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, ConnectTimeout = Patience };
        if (ExtensionsCarrier.Read(cluster).Tls is { } tls)
        {
            DestinationTls.Apply(handler.SslOptions, tls);
        }

        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    private static HttpRequestMessage Question(ClusterConfig cluster, string id, DestinationConfig destination)
    {
        var extensions = ExtensionsCarrier.Read(cluster);
        var request = new HttpRequestMessage(
            HttpMethod.Get, destination.Address.TrimEnd('/') + (extensions.ModelServer is { } server ? ModelServerPaths.List(server) : "/"));
        request.Headers.Host = destination.Host;
        new DestinationCredentials(extensions).Apply(id, request.Headers);
        if (extensions.ModelServer?.Kind == ModelServerKinds.Anthropic)
        {
            request.Headers.TryAddWithoutValidation("anthropic-version", ModelServerPaths.AnthropicVersion);
        }

        return request;
    }

    private static async Task<string?> FaultAsync(
        HttpClient client, ClusterConfig cluster, string id, DestinationConfig destination, TimeProvider time, CancellationToken cancellationToken)
    {
        var extensions = ExtensionsCarrier.Read(cluster);
        var isModelServer = extensions.ModelServer is not null;
        using var request = Question(cluster, id, destination);
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return (int)response.StatusCode switch
            {
                401 or 403 when isModelServer => $"answers {(int)response.StatusCode}; set its key under Extensions.Credentials",
                >= 500 => $"answers {(int)response.StatusCode}",
                404 when isModelServer => $"answers 404 to {request.RequestUri!.AbsolutePath}; is it a model server of kind {extensions.ModelServer!.Kind}?",
                _ => null,
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"did not answer within {Patience.TotalSeconds:0} s";
        }
        catch (HttpRequestException e)
        {
            return e.GetBaseException() switch
            {
                SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "is down (connection refused)",
                SocketException socket => $"cannot be reached ({socket.SocketErrorCode})",
                AuthenticationException when cluster.HttpClient?.DangerousAcceptAnyServerCertificate == true => null,
                AuthenticationException => "has a certificate that is not trusted; name its authority under Extensions.Tls.CertificateAuthority",
                _ => "broke the connection off",
            };
        }
    }
}
