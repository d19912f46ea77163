using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BlazeGateway.Policies.Pipeline.Connections;

/// <summary>Reads a certificate with its private key from PEM or PKCS#12 files.</summary>
public static class CertificateFile
{
    /// <summary>Loads what <paramref name="options"/> names; a PKCS#12 file is told by its ending (.pfx, .p12).</summary>
    /// <exception cref="CryptographicException">The file is no certificate, or the key or password does not fit.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static X509Certificate2 Load(CertificateOptions options)
    {
        if (IsPkcs12(options))
        {
            return X509CertificateLoader.LoadPkcs12FromFile(options.Path, options.Password);
        }

        try
        {
            return options.Password is { } password
                ? X509Certificate2.CreateFromEncryptedPemFile(options.Path, password, options.KeyPath)
                : X509Certificate2.CreateFromPemFile(options.Path, options.KeyPath);
        }
        catch (ArgumentException exception)
        {
            throw new CryptographicException("The private key does not belong to the certificate.", exception);
        }
    }

    /// <summary>Loads the certificate together with the other certificates of its file, which are shown to the other side to lead to an authority it knows.</summary>
    /// <exception cref="CryptographicException">The file is no certificate, or the key or password does not fit.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static SslStreamCertificateContext LoadWithChain(CertificateOptions options)
    {
        var chain = new X509Certificate2Collection();
        if (IsPkcs12(options))
        {
            chain = X509CertificateLoader.LoadPkcs12CollectionFromFile(options.Path, options.Password);
        }
        else
        {
            chain.ImportFromPemFile(options.Path);
        }

        var certificate = Load(options);
        return certificate.HasPrivateKey
            ? SslStreamCertificateContext.Create(certificate, chain, offline: true)
            : throw new CryptographicException("The file holds no private key.");
    }

    private static bool IsPkcs12(CertificateOptions options) =>
        options.Path.EndsWith(".pfx", StringComparison.OrdinalIgnoreCase) || options.Path.EndsWith(".p12", StringComparison.OrdinalIgnoreCase);
}
