using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BlazeGateway.Policies.Pipeline.Connections;

/// <summary>TLS towards the destinations of one cluster, set up from its <see cref="UpstreamTlsOptions"/>.</summary>
internal static class DestinationTls
{
    /// <summary>Sets trust and the certificate shown.</summary>
    /// <exception cref="CryptographicException">A file holds no certificate, or the key or password does not fit.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static void Apply(SslClientAuthenticationOptions ssl, UpstreamTlsOptions tls)
    {
        if (tls.ClientCertificate is { } client)
        {
            ssl.ClientCertificateContext = CertificateFile.LoadWithChain(client);
        }

        if (tls.CertificateAuthority is { } path)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.AddRange(LoadAuthorities(path));
            ssl.CertificateChainPolicy = policy;
        }
    }

    /// <summary>The certificates of a PEM file, at least one.</summary>
    /// <exception cref="CryptographicException">There is none.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static X509Certificate2Collection LoadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(path);
        return authorities.Count > 0 ? authorities : throw new CryptographicException("The file holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).");
    }
}
