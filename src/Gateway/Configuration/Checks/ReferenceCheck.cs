using System.Security.Cryptography;
using BlazeGateway.Configuration.Strict;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Pipeline.Connections;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Checks;

/// <summary>Names that must exist: clusters of routes and models, fallback models, destinations of credentials, files of certificates.</summary>
internal sealed class ReferenceCheck(ConfigurationNode root, RoutesSnapshot snapshot, string workingDirectory, ConfigurationErrors errors)
{
    private readonly HashSet<string> _clusters = snapshot.Clusters.Select(static cluster => cluster.ClusterId).ToHashSet(StringComparer.OrdinalIgnoreCase);

    public void Check()
    {
        foreach (var route in snapshot.Routes)
        {
            CheckRoute(route, RoutesReader.RoutesPath.Then(route.RouteId));
        }

        foreach (var cluster in snapshot.Clusters)
        {
            CheckCluster(cluster, RoutesReader.ClustersPath.Then(cluster.ClusterId));
        }

        CheckCertificate(root.Find(KeyPath.Of("Proxy", "Certificate")), KeyPath.Of("Proxy", "Certificate"));
    }

    private void CheckRoute(RouteConfig route, KeyPath path)
    {
        var extensions = ExtensionsCarrier.Read(route);
        var modelsPath = path.Then("Extensions").Then(nameof(RouteExtensions.Models));
        if (string.IsNullOrEmpty(route.ClusterId))
        {
            var clusterless = extensions.Models.Where(static model => model.Value.Cluster is null).Select(static model => model.Key).ToArray();
            if (extensions.Models.Count == 0 || clusterless.Length > 0)
            {
                Add(path, $"Route '{route.RouteId}' has no ClusterId, so nothing could answer it; name one of: {Known(_clusters)}.");
            }
        }
        else
        {
            CheckClusterExists(route.ClusterId, path.Then(nameof(RouteConfig.ClusterId)), $"Route '{route.RouteId}'");
        }

        if (extensions.Models.Count > ModelTable.MaxEntries)
        {
            Add(modelsPath, $"Models has {extensions.Models.Count} entries; a route takes at most {ModelTable.MaxEntries}. Use patterns such as 'llama-*'.");
        }

        foreach (var (name, model) in extensions.Models)
        {
            CheckModel(name, model, extensions, modelsPath.Then(name));
        }
    }

    private void CheckModel(string name, ModelRouteOptions model, RouteExtensions extensions, KeyPath path)
    {
        if (name != "*" && !ModelName.IsValid(name.EndsWith('*') ? name.AsSpan(0, name.Length - 1) : name))
        {
            Add(path, $"'{name}' cannot be a model name; it is {ModelName.Rule}, with at most one * at its end.");
        }

        if (model.Rewrite is { } rewrite && !ModelName.IsValid(rewrite))
        {
            Add(path.Then(nameof(ModelRouteOptions.Rewrite)), $"Rewrite of model '{name}' is '{rewrite}'; it must be {ModelName.Rule}.");
        }

        if (model.Cluster is not null)
        {
            CheckClusterExists(model.Cluster, path.Then(nameof(ModelRouteOptions.Cluster)), $"Model '{name}'");
        }

        var fallbackPath = path.Then(nameof(ModelRouteOptions.Fallback));
        if (model.Fallback.Count > ModelTable.MaxFallbacks)
        {
            Add(fallbackPath, $"Model '{name}' has {model.Fallback.Count} fallbacks; at most {ModelTable.MaxFallbacks} are tried.");
        }

        for (var i = 0; i < model.Fallback.Count; i++)
        {
            var fallback = model.Fallback[i];
            if (string.Equals(fallback, name, StringComparison.Ordinal))
            {
                Add(fallbackPath.Then(i), $"Model '{name}' falls back to itself; remove it.");
            }
            else if (!Serves(extensions, fallback))
            {
                Add(
                    fallbackPath.Then(i),
                    $"Model '{name}' falls back to '{fallback}', which this route does not serve; known models: {Known(extensions.Models.Keys)}.",
                    Spelling.Nearest(fallback, extensions.Models.Keys));
            }
        }
    }

    private static bool Serves(RouteExtensions extensions, string model) =>
        extensions.Models.ContainsKey(model)
        || extensions.Models.Keys.Any(key => key.EndsWith('*') && model.StartsWith(key[..^1], StringComparison.Ordinal));

    private void CheckClusterExists(string cluster, KeyPath path, string who)
    {
        if (!_clusters.Contains(cluster))
        {
            Add(path, $"{who} names the cluster '{cluster}', which does not exist; known clusters: {Known(_clusters)}.", Spelling.Nearest(cluster, _clusters));
        }
    }

    private void CheckCluster(ClusterConfig cluster, KeyPath path)
    {
        var extensions = ExtensionsCarrier.Read(cluster);
        var extensionsPath = path.Then("Extensions");
        var destinations = cluster.Destinations?.Keys.ToHashSet(StringComparer.OrdinalIgnoreCase) ?? [];
        foreach (var id in extensions.Credentials.Keys.Where(id => id != "*" && !destinations.Contains(id)))
        {
            Add(
                extensionsPath.Then(nameof(ClusterExtensions.Credentials)).Then(id),
                $"Credentials name the destination '{id}', which cluster '{cluster.ClusterId}' does not have; known: {Known(destinations)}, or * for all.",
                Spelling.Nearest(id, destinations));
        }

        CheckTls(extensions.Tls, extensionsPath.Then(nameof(ClusterExtensions.Tls)));
        if (extensions.Health is { Probe: true, Path: null } && (extensions.ModelServer is not { } server || ModelServerPaths.Health(server.Kind) is null))
        {
            Add(
                extensionsPath.Then(nameof(ClusterExtensions.Health)).Then(nameof(HealthOptions.Probe)),
                $"Probe of cluster '{cluster.ClusterId}' is true, but its destinations have no path that is known to be free; give one under Path.");
        }
    }

    private void CheckTls(UpstreamTlsOptions? tls, KeyPath path)
    {
        if (tls?.CertificateAuthority is { } authority && CheckFile(authority, path.Then(nameof(UpstreamTlsOptions.CertificateAuthority))))
        {
            CheckUse(authority, path.Then(nameof(UpstreamTlsOptions.CertificateAuthority)), () => DestinationTls.LoadAuthorities(Full(authority)));
        }

        var clientPath = path.Then(nameof(UpstreamTlsOptions.ClientCertificate));
        if (CheckCertificate(root.Find(clientPath), clientPath) && tls?.ClientCertificate is { } client)
        {
            var options = client with { Path = Full(client.Path), KeyPath = client.KeyPath is { } key ? Full(key) : null };
            CheckUse(client.Path, clientPath.Then(nameof(CertificateOptions.Path)), () => CertificateFile.LoadWithChain(options));
        }
    }

    private bool CheckCertificate(ConfigurationNode? certificate, KeyPath path)
    {
        var exists = true;
        foreach (var key in (ReadOnlySpan<string>)[nameof(CertificateOptions.Path), nameof(CertificateOptions.KeyPath)])
        {
            if (certificate?[key]?.Value is { } file)
            {
                exists &= CheckFile(file, path.Then(key));
            }
        }

        return exists;
    }

    private bool CheckFile(string file, KeyPath path)
    {
        if (file.Contains('\0', StringComparison.Ordinal))
        {
            Add(path, $"'{path.Key}' holds the character U+0000, which no file name can; write the path of a file.");
            return false;
        }

        if (File.Exists(Full(file)))
        {
            return true;
        }

        Add(path, $"'{path.Key}' names the file '{file}', which does not exist.");
        return false;
    }

    private void CheckUse(string file, KeyPath path, Action load)
    {
        try
        {
            load();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            Add(path, $"'{path.Key}' names the file '{file}', which cannot be used: {exception.Message}");
        }
    }

    private string Full(string file) => Path.GetFullPath(file, workingDirectory);

    private static string Known(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.OrdinalIgnoreCase).Take(20)) is { Length: > 0 } list ? list : "none";

    private void Add(KeyPath path, string message, string? suggestion = null) => errors.Add(root.PlaceOf(path), path, message, suggestion);
}
