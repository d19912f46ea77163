using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BlazeGateway.EndToEnd.HostedApis;

/// <summary>A certificate authority of a test's own, which issues certificates of servers, of clients, and of authorities below it.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private readonly X509Certificate2 _certificate;
    private readonly IReadOnlyList<X509Certificate2> _above;

    private TestAuthority(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> above)
    {
        _certificate = certificate;
        _above = above;
    }

    public X509Certificate2 Certificate => _certificate;

    /// <summary>What a client that trusts this authority has in its file.</summary>
    public string Pem => _certificate.ExportCertificatePem() + "\n";

    public static TestAuthority Create(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key, isAuthority: true);
        return new TestAuthority(request.CreateSelfSigned(Now.AddDays(-2), Now.AddDays(30)), []);
    }

    /// <summary>An authority that this one vouches for.</summary>
    public TestAuthority Below(string name) => new(Sign(name, isAuthority: true, [], Now.AddDays(20)), [_certificate, .. _above]);

    /// <summary>A certificate with its key and, in <paramref name="names"/>, host names or addresses.</summary>
    public IssuedCertificate Issue(string name, string[] names, bool hasEnded = false) =>
        new(Sign(name, isAuthority: false, names, hasEnded ? Now.AddDays(-1) : Now.AddDays(10)), Chain());

    public void Dispose() => _certificate.Dispose();

    // The topmost authority is known to whoever trusts it and is not shown.
    private X509Certificate2Collection Chain() => _above.Count == 0 ? [] : [_certificate, .. _above.SkipLast(1)];

    private X509Certificate2 Sign(string name, bool isAuthority, string[] names, DateTimeOffset end)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key, isAuthority);
        if (names.Length > 0)
        {
            var alternatives = new SubjectAlternativeNameBuilder();
            foreach (var alternative in names)
            {
                if (IPAddress.TryParse(alternative, out var address))
                {
                    alternatives.AddIpAddress(address);
                }
                else
                {
                    alternatives.AddDnsName(alternative);
                }
            }

            request.CertificateExtensions.Add(alternatives.Build());
        }

        using var signed = request.Create(_certificate, Now.AddDays(-2), end, RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }

    private static CertificateRequest Request(string name, ECDsa key, bool isAuthority)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(isAuthority ? X509KeyUsageFlags.KeyCertSign : X509KeyUsageFlags.DigitalSignature, critical: true));
        return request;
    }
}

/// <summary>A certificate with its key and what leads from it to the authority others trust.</summary>
internal sealed record IssuedCertificate(X509Certificate2 Certificate, X509Certificate2Collection Chain)
{
    /// <summary>The certificate and its chain, as a server or client has them in one file.</summary>
    public string Pem => string.Join('\n', Chain.Prepend(Certificate).Select(certificate => certificate.ExportCertificatePem())) + "\n";

    public string KeyPem => Certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() + "\n";

    public byte[] Pkcs12(string password)
    {
        var all = new X509Certificate2Collection(Certificate);
        all.AddRange(Chain);
        return all.Export(X509ContentType.Pkcs12, password)!;
    }
}
