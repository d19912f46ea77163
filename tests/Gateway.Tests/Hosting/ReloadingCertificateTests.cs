using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BlazeGateway.Hosting;
using BlazeGateway.Policies;
using BlazeGateway.Tests.Configuration;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Tests.Hosting;

public sealed class ReloadingCertificateTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly FakeTimeProvider _time = new();
    private readonly LogLines _log = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_change_is_noticed_once_a_second_and_told()
    {
        var first = Write("server.pem", "first");
        var certificate = Load("server.pem");
        Assert.Equal(first, Shown(certificate));

        var second = Write("server.pem", "second");
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(first, Shown(certificate));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(second, Shown(certificate));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(second, Shown(certificate));
        Assert.Equal($"Information: Certificate '{_directory.In("server.pem")}' changed and is used from now on.", Assert.Single(_log.Lines));
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    [InlineData(null)]
    public void What_cannot_be_used_is_told_once_and_the_one_before_stays(string? text)
    {
        var first = Write("server.pem", "first");
        var certificate = Load("server.pem");
        if (text is null)
        {
            File.Delete(_directory.In("server.pem"));
        }
        else
        {
            _directory.Write("server.pem", text);
        }

        for (var i = 0; i < 5; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(first, Shown(certificate));
        }

        Assert.StartsWith($"Error: Certificate '{_directory.In("server.pem")}' changed but cannot be used, the one before it stays: ", Assert.Single(_log.Lines), StringComparison.Ordinal);
        var good = Write("server.pem", "good");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(good, Shown(certificate));
        Assert.Equal(2, _log.Lines.Count);
    }

    [Fact]
    public void A_certificate_whose_key_comes_later_is_taken_when_both_fit()
    {
        var first = Write("server.crt", "first", key: "server.key");
        var certificate = Load("server.crt", "server.key");
        var oldKey = File.ReadAllText(_directory.In("server.key"));
        var second = Write("server.crt", "second", key: "server.key");
        var newKey = File.ReadAllText(_directory.In("server.key"));

        _directory.Write("server.key", oldKey);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(first, Shown(certificate));
        _directory.Write("server.key", newKey);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(second, Shown(certificate));
    }

    [Fact]
    public void PKCS12_with_a_password_is_read()
    {
        using var made = Make("boxed");
        File.WriteAllBytes(_directory.In("server.pfx"), made.Export(X509ContentType.Pkcs12, "secret"));
        Assert.Equal(made.Thumbprint, Shown(Load("server.pfx", password: "secret")));
        var error = Assert.Throws<InvalidOperationException>(() => Load("server.pfx", password: "wrong"));
        Assert.StartsWith($"Proxy:Certificate: '{_directory.In("server.pfx")}' cannot be used: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_at_the_start_is_an_error()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Load("nowhere.pem"));
        Assert.Contains("nowhere.pem", error.Message, StringComparison.Ordinal);
    }

    private static string Shown(ReloadingCertificate certificate) => certificate.Current().TargetCertificate.Thumbprint;

    private static X509Certificate2 Make(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }

    private string Write(string file, string name, string? key = null)
    {
        using var made = Make(name);
        var pem = made.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() + "\n";
        _directory.Write(file, made.ExportCertificatePem() + "\n" + (key is null ? pem : ""));
        if (key is not null)
        {
            _directory.Write(key, pem);
        }

        return made.Thumbprint;
    }

    private ReloadingCertificate Load(string file, string? key = null, string? password = null) => new(
        new CertificateOptions { Path = _directory.In(file), KeyPath = key is null ? null : _directory.In(key), Password = password }, _time, _log);
}
