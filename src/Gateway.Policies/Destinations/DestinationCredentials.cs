using System.Collections.Frozen;
using System.Net.Http.Headers;

namespace BlazeGateway.Policies.Destinations;

/// <summary>Which credential a cluster's destinations are sent, compiled once from <see cref="ClusterExtensions.Credentials"/>.</summary>
internal sealed class DestinationCredentials
{
    private const string Every = "*";

    private readonly FrozenDictionary<string, CredentialOptions> _named;
    private readonly CredentialOptions? _every;

    public DestinationCredentials(ClusterExtensions extensions)
    {
        _named = extensions.Credentials.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _every = _named.GetValueOrDefault(Every);
    }

    /// <summary>The credential of <paramref name="destination"/>: its own, else the one for every destination, else null.</summary>
    public CredentialOptions? Find(string destination) =>
        _named.Count == 0 ? null : _named.TryGetValue(destination, out var own) ? own : _every;

    /// <summary>Puts the credential of <paramref name="destination"/> into <paramref name="headers"/>, in the place of any header of its name.</summary>
    public void Apply(string destination, HttpRequestHeaders headers)
    {
        if (Find(destination) is { } credential)
        {
            headers.Remove(credential.Header);
            headers.TryAddWithoutValidation(credential.Header, credential.Value);
        }
    }
}
