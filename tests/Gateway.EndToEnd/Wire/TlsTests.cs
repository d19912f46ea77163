using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>HTTPS: protocols and versions as other programs see them, and a certificate that changes under way.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly RecordingDestination _destination = new();
    private readonly FakeTimeProvider _time = new();
    private FileGateway _gateway = null!;
    private string _first = "";

    private string Certificate => Path.Combine(_directory.Path, "server.pem");

    private Uri Clear => _gateway.Host.Listeners.ProxyAddresses[1];

    public async ValueTask InitializeAsync()
    {
        _first = Certificates.Write(Certificate, "first");
        _gateway = await FileGateway.StartAsync(
            $$"""{ "Proxy": { "Certificate": { "Path": "{{Certificate}}" } } }""", WireGateway.Routes(_destination.Address), _time, urls: "https://127.0.0.1:0;http://127.0.0.1:0");
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _destination.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("--http2", "2 200")]
    [InlineData("--http1.1", "1.1 200")]
    [InlineData("--no-alpn", "1.1 200")]
    public async Task Curl_over_TLS(string flag, string expected)
    {
        var (_, text) = await Programs.RunAsync("curl", "-s", "--noproxy", "*", "--cacert", Certificate, flag, "-o", "/dev/null", "-w", "%{http_version} %{http_code}", $"{_gateway.Proxy}plain/x");
        Assert.Equal(expected, text);
    }

    [Theory]
    [InlineData("--http2-prior-knowledge", "2 200")]
    [InlineData("--http1.1", "1.1 200")]
    [InlineData("--http2", "1.1 200")]
    public async Task Curl_in_clear_text(string flag, string expected)
    {
        var (_, text) = await Programs.RunAsync("curl", "-s", "--noproxy", "*", flag, "-o", "/dev/null", "-w", "%{http_version} %{http_code}", "-d", WireCase.Chat, "-H", "Content-Type: application/json", $"{Clear}v1/chat/completions");
        Assert.Equal(expected, text);
        Assert.Equal(WireCase.Chat, Assert.Single(_destination.Take()).Body);
    }

    [Theory]
    [InlineData("-tls1", false)]
    [InlineData("-tls1_1", false)]
    [InlineData("-tls1_2", true)]
    [InlineData("-tls1_3", true)]
    public async Task Openssl(string version, bool isSpoken)
    {
        var (exit, text) = await Programs.RunAsync("openssl", "s_client", "-connect", _gateway.Proxy.Authority, version, "-cipher", "DEFAULT@SECLEVEL=0", "-alpn", "h2");
        Assert.Equal(isSpoken, exit == 0);
        Assert.Equal(isSpoken, text.Contains("ALPN protocol: h2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_changed_certificate_is_for_new_connections()
    {
        await using var old = await ShakeAsync();
        Assert.Equal(_first, Thumbprint(old));
        await AskAsync(old);

        var second = Certificates.Write(Certificate, "second");
        await using (var tooSoon = await ShakeAsync())
        {
            Assert.Equal(_first, Thumbprint(tooSoon));
        }

        _time.Advance(TimeSpan.FromSeconds(2));
        await using (var next = await ShakeAsync())
        {
            Assert.Equal(second, Thumbprint(next));
            await AskAsync(next);
        }

        await AskAsync(old);
    }

    [Fact]
    public async Task A_certificate_that_is_none_changes_nothing()
    {
        foreach (var text in new[] { "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "garbage" })
        {
            await File.WriteAllTextAsync(Certificate, text);
            _time.Advance(TimeSpan.FromSeconds(2));
            await using var stream = await ShakeAsync();
            Assert.Equal(_first, Thumbprint(stream));
            await AskAsync(stream);
        }

        File.Delete(Certificate);
        _time.Advance(TimeSpan.FromSeconds(2));
        await using (var without = await ShakeAsync())
        {
            Assert.Equal(_first, Thumbprint(without));
        }

        var good = Certificates.Write(Certificate, "good");
        _time.Advance(TimeSpan.FromSeconds(2));
        await using var again = await ShakeAsync();
        Assert.Equal(good, Thumbprint(again));
    }

    [Fact]
    public async Task Clear_text_on_a_TLS_port_is_closed()
    {
        using var connection = await RawConnection.OpenAsync(_gateway.Proxy);
        await connection.SendAsync(WireCase.Get());
        Assert.DoesNotContain("200", await connection.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Empty(_destination.Take());
    }

    private static string Thumbprint(SslStream stream) => ((X509Certificate2)stream.RemoteCertificate!).Thumbprint;

    private static async Task AskAsync(SslStream stream)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(WireCase.Get()));
        var buffer = new byte[4096];
        var text = new StringBuilder();
        while (!text.ToString().EndsWith("{}", StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer);
            Assert.NotEqual(0, read);
            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        Assert.StartsWith("HTTP/1.1 200 ", text.ToString(), StringComparison.Ordinal);
    }

    private async Task<SslStream> ShakeAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _gateway.Proxy.Port);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = SslProtocols.None,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
        });
        return stream;
    }
}
