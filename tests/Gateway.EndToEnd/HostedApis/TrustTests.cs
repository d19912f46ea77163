using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using BlazeGateway.Configuration;
using BlazeGateway.Demo.ModelServer;
using BlazeGateway.EndToEnd.Sdk;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.EndToEnd.HostedApis;

/// <summary>Whom the gateway trusts and what it shows, per cluster; what is not trusted is never spoken to, and the answer says why.</summary>
public sealed class TrustTests : IDisposable
{
    private static readonly ModelServerHostOptions Options = new() { Kind = ModelServerKinds.OpenAi, Unpaced = true };

    private readonly TemporaryDirectory _files = new();
    private readonly TestAuthority _root = TestAuthority.Create("root");
    private readonly TestAuthority _other = TestAuthority.Create("another root");

    public void Dispose()
    {
        _root.Dispose();
        _other.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task The_authority_of_the_cluster_is_trusted_directly_and_by_way_of_another()
    {
        using var middle = _root.Below("middle");
        foreach (var certificate in new[] { _root.Issue("api", ["127.0.0.1"]), middle.Issue("api", ["127.0.0.1"]) })
        {
            await using var api = await HostedApi.StartAsync(Options, certificate);
            await using var gateway = await StartAsync(api, Tls());
            await TwoWays.AnsweringAsync(gateway);
            await OpenAiCalls.ChatAsync(gateway.Proxy.BaseAddress!);

            // Without a Host of its own a destination is asked under its address, never under the name the client used.
            Assert.All(api.Arrivals, arrival => Assert.Equal($"127.0.0.1:{api.Port}", arrival.Host));
        }
    }

    public static TheoryData<string> Untrusted => ["an unknown authority", "the machine's authorities only", "another name", "a time that has passed"];

    [Theory]
    [MemberData(nameof(Untrusted))]
    public async Task A_certificate_that_is_not_trusted_is_refused(string reason)
    {
        var certificate = reason switch
        {
            "an unknown authority" => _other.Issue("api", ["127.0.0.1"]),
            "another name" => _root.Issue("api", ["api.example.com"]),
            "a time that has passed" => _root.Issue("api", ["127.0.0.1"], hasEnded: true),
            _ => _root.Issue("api", ["127.0.0.1"]),
        };
        await using var api = await HostedApi.StartAsync(Options, certificate);
        await using var gateway = await StartAsync(api, reason == "the machine's authorities only" ? null : Tls());

        await AssertRefusedAsync(gateway, "certificate is not trusted");
        Assert.Empty(api.Arrivals);
    }

    public static TheoryData<string> Forms => ["certificate and key", "one file", "PKCS#12", "encrypted key"];

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task The_certificate_of_the_cluster_is_shown_with_what_leads_to_its_authority(string form)
    {
        using var middle = _root.Below("middle");
        var client = middle.Issue("gateway", []);
        await using var api = await HostedApi.StartAsync(Options, _root.Issue("api", ["127.0.0.1"]), clients: _root.Certificate);
        await using var gateway = await StartAsync(api, Tls(Show(client, form)));
        await TwoWays.AnsweringAsync(gateway);
        await OpenAiCalls.ChatAsync(gateway.Proxy.BaseAddress!);
        await OpenAiCalls.ChatStreamAsync(gateway.Proxy.BaseAddress!);

        Assert.Equal(2, api.Calls.Count);
        Assert.All(api.Arrivals, arrival => Assert.Equal("CN=gateway", arrival.Client));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_wants_another_certificate_is_not_reached(bool showsOne)
    {
        await using var api = await HostedApi.StartAsync(Options, _root.Issue("api", ["127.0.0.1"]), clients: _root.Certificate);
        await using var gateway = await StartAsync(api.Port, Tls(showsOne ? Show(_other.Issue("stranger", []), "one file") : null));
        var failure = await Failure.OfAsync(() => OpenAiCalls.ChatAsync(gateway.Proxy.BaseAddress!));

        // This server closes the connection without a word about the reason.
        Assert.Equal(502, failure.Status);
        Assert.Empty(api.Arrivals);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_says_why_it_refuses_the_certificate_is_heard(bool showsOne)
    {
        var server = _root.Issue("api", ["127.0.0.1"]);
        using var program = await OpenSslServer.StartAsync(
            _files.Write("server.pem", server.Pem), _files.Write("server.key", server.KeyPem), _files.Write("clients.pem", _root.Pem));
        await using var gateway = await StartAsync(program.Port, Tls(showsOne ? Show(_other.Issue("stranger", []), "one file") : null));

        await AssertRefusedAsync(gateway, "refuses the one of Extensions.Tls.ClientCertificate");
    }

    [Fact]
    public async Task Each_cluster_shows_its_own()
    {
        await using var one = await HostedApi.StartAsync(Options with { Models = ["m1"] }, _root.Issue("one", ["127.0.0.1"]), clients: _root.Certificate);
        await using var two = await HostedApi.StartAsync(Options with { Models = ["m2"] }, _other.Issue("two", ["127.0.0.1"]), clients: _other.Certificate);
        var routes = Routes(one.Port, Tls(Show(_root.Issue("gateway of one", []), "one file", "1")));
        var second = Routes(two.Port, Tls(Show(_other.Issue("gateway of two", []), "PKCS#12", "2"), _other));
        routes["ReverseProxy"]!["Clusters"]!["two"] = second["ReverseProxy"]!["Clusters"]!["llm"]!.DeepClone();
        routes["ReverseProxy"]!["Routes"]!["all"]!["Extensions"] = JsonNode.Parse("""{ "Models": { "m1": {}, "m2": { "Cluster": "two" } } }""");
        await using var gateway = await GatewayFixture.StartAsync(routes.ToJsonString());
        await TwoWays.AnsweringAsync(gateway);
        await OpenAiCalls.ChatAsync(gateway.Proxy.BaseAddress!, "m1");
        await OpenAiCalls.ChatAsync(gateway.Proxy.BaseAddress!, "m2");

        Assert.Equal("CN=gateway of one", Assert.Single(one.Calls).Client);
        Assert.Equal("CN=gateway of two", Assert.Single(two.Calls).Client);
    }

    [Fact]
    public async Task A_file_that_cannot_be_used_stops_the_start()
    {
        await using var api = await HostedApi.StartAsync(Options, _root.Issue("api", ["127.0.0.1"]));
        var noCertificate = _files.Write("empty.pem", "nothing to see here\n");
        var wrongKey = Show(_root.Issue("gateway", []), "certificate and key");
        wrongKey["KeyPath"] = _files.Write("wrong.key", _root.Issue("someone else", []).KeyPem);

        foreach (var (tls, key) in new[]
        {
            (new JsonObject { ["CertificateAuthority"] = noCertificate }, "CertificateAuthority"),
            (new JsonObject { ["ClientCertificate"] = wrongKey }, "ClientCertificate.Path"),
            (new JsonObject { ["ClientCertificate"] = new JsonObject { ["Path"] = noCertificate } }, "ClientCertificate.Path"),
        })
        {
            var refused = await Assert.ThrowsAsync<InvalidConfigurationException>(() => StartAsync(api, tls));
            var error = Assert.Single(refused.Errors);
            Assert.EndsWith($"Extensions.Tls.{key}", error.Path, StringComparison.Ordinal);
            Assert.Contains("which cannot be used: ", error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Clients are told in their dialect, operators with the reason and the key to look at.</summary>
    private static async Task AssertRefusedAsync(GatewayFixture gateway, string reason)
    {
        await HearAsync(() => OpenAiCalls.ChatAsync(gateway.Proxy.BaseAddress!), "upstream_tls_failed");
        await HearAsync(() => AnthropicCalls.StreamAsync(gateway.Proxy.BaseAddress!), "No trusted connection");
        var catalog = gateway.Host.Services.GetRequiredService<ModelCatalog>();
        await TwoWays.UntilAsync(() => Assert.Single(catalog.Current.Cluster("llm")!.Destinations).Status.Reason.Contains(reason, StringComparison.Ordinal));
    }

    // A server that refuses a certificate says why and closes; the reset may be noticed before the word is read, so it is asked until it is heard.
    private static async Task HearAsync(Func<Task> call, string word)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Failure failure;
        do
        {
            failure = await Failure.OfAsync(call);
            Assert.Equal(502, failure.Status);
        }
        while (!failure.Message.Contains(word, StringComparison.Ordinal) && !patience.IsCancellationRequested);
        Assert.Contains(word, failure.Message, StringComparison.Ordinal);
    }

    private static Task<GatewayFixture> StartAsync(HostedApi api, JsonObject? tls) => StartAsync(api.Port, tls);

    private static Task<GatewayFixture> StartAsync(int port, JsonObject? tls) => GatewayFixture.StartAsync(Routes(port, tls).ToJsonString());

    private static JsonNode Routes(int port, JsonObject? tls)
    {
        var extensions = new JsonObject { ["ModelServer"] = new JsonObject { ["Kind"] = "openai" } };
        if (tls is not null)
        {
            extensions["Tls"] = tls;
        }

        return JsonNode.Parse(GatewayFixture.Routes([new Uri($"https://127.0.0.1:{port}/")], cluster: extensions.ToJsonString()))!;
    }

    private JsonObject Tls(JsonObject? shown = null, TestAuthority? trusted = null)
    {
        var tls = new JsonObject { ["CertificateAuthority"] = _files.Write(trusted is null ? "ca.pem" : "other-ca.pem", (trusted ?? _root).Pem) };
        if (shown is not null)
        {
            tls["ClientCertificate"] = shown;
        }

        return tls;
    }

    /// <summary>Writes a certificate in one of the forms it may have, and the configuration that names it.</summary>
    private JsonObject Show(IssuedCertificate certificate, string form, string name = "client")
    {
        switch (form)
        {
            case "certificate and key":
                return new JsonObject { ["Path"] = _files.Write($"{name}.pem", certificate.Pem), ["KeyPath"] = _files.Write($"{name}.key", certificate.KeyPem) };
            case "one file":
                return new JsonObject { ["Path"] = _files.Write($"{name}.pem", certificate.Pem + certificate.KeyPem) };
            case "encrypted key":
                var key = certificate.Certificate.GetECDsaPrivateKey()!.ExportEncryptedPkcs8PrivateKeyPem(
                    "open sesame", new PbeParameters(
                        PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));
                return new JsonObject
                {
                    ["Path"] = _files.Write($"{name}.pem", certificate.Pem),
                    ["KeyPath"] = _files.Write($"{name}.key", key),
                    ["Password"] = "open sesame",
                };
            default:
                var path = Path.Combine(_files.Path, $"{name}.pfx");
                File.WriteAllBytes(path, certificate.Pkcs12("open sesame"));
                return new JsonObject { ["Path"] = path, ["Password"] = "open sesame" };
        }
    }
}
