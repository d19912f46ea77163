using System.Buffers;
using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Destinations;

/// <summary>
/// How requests to a cluster's destinations are shaped: path and query of hosted APIs, the credential of each destination.
/// Compiled once per cluster; for every kind but Azure OpenAI a request passes unchanged and nothing is computed.
/// </summary>
internal sealed class DestinationRequest
{
    private const string VersionParameter = "api-version";

    private static readonly FrozenSet<string> DeploymentOperations = new[]
    {
        "/chat/completions", "/completions", "/embeddings", "/images/generations", "/images/edits", "/audio/transcriptions", "/audio/translations",
        "/audio/speech",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly SearchValues<char> DeploymentCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    private readonly string? _version;

    public DestinationRequest(ClusterExtensions extensions)
    {
        Credentials = new DestinationCredentials(extensions);
        IsAzure = extensions.ModelServer?.Kind == ModelServerKinds.AzureOpenAi;
        _version = extensions.ModelServer?.ApiVersion;
    }

    /// <summary>The destinations' credentials.</summary>
    public DestinationCredentials Credentials { get; }

    /// <summary>Whether paths are shaped at all.</summary>
    public bool IsAzure { get; }

    /// <summary>Path and query for the destination.</summary>
    /// <param name="path">The request's path, for example <c>/v1/chat/completions</c>.</param>
    /// <param name="query">Its query.</param>
    /// <param name="model">Model after a rewrite, which Azure OpenAI takes for the deployment; empty when the request names none.</param>
    /// <param name="shapedPath">Path to send.</param>
    /// <param name="shapedQuery">Query to send.</param>
    /// <returns>False when Azure OpenAI needs a deployment in the path and the model is missing or no possible name of one.</returns>
    public bool TryShape(PathString path, QueryString query, string? model, out PathString shapedPath, out QueryString shapedQuery)
    {
        shapedPath = path;
        shapedQuery = query;
        if (!IsAzure)
        {
            return true;
        }

        shapedQuery = _version is null ? query : WithVersion(query, _version);
        if (path.StartsWithSegments("/openai", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var operation = path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase, out var rest) ? rest : path;
        if (_version is null)
        {
            shapedPath = new PathString("/openai/v1").Add(operation);
            return true;
        }

        if (!DeploymentOperations.Contains(operation.Value ?? ""))
        {
            shapedPath = new PathString("/openai").Add(operation);
            return true;
        }

        if (!IsDeployment(model))
        {
            return false;
        }

        shapedPath = new PathString($"/openai/deployments/{model}").Add(operation);
        return true;
    }

    private static bool IsDeployment(string? model) =>
        model is { Length: > 0 and <= 64 } && model is not ("." or "..")
        && !model.AsSpan().ContainsAnyExcept(DeploymentCharacters);

    private static QueryString WithVersion(QueryString query, string version)
    {
        var others = (query.Value ?? "").TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Where(p => !IsVersion(p));
        return new QueryString("?" + string.Join('&', others.Append($"{VersionParameter}={version}")));
    }

    private static bool IsVersion(string parameter)
    {
        var end = parameter.IndexOf('=', StringComparison.Ordinal);
        var name = Uri.UnescapeDataString(end < 0 ? parameter : parameter[..end]);
        return name.Equals(VersionParameter, StringComparison.OrdinalIgnoreCase);
    }
}
