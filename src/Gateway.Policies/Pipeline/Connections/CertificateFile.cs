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
        if (options.Path.EndsWith(".pfx", StringComparison.OrdinalIgnoreCase) || options.Path.EndsWith(".p12", StringComparison.OrdinalIgnoreCase))
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
}
