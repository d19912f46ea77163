using BlazeGateway.Configuration;
using BlazeGateway.Policies;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Tests.Configuration;

public sealed class ConfigurationLoaderTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Defaults_hold_without_any_file()
    {
        var options = ConfigurationLoader.Load(new ConfigurationSources { Files = new ConfigurationFiles() }).ReadProcessOptions();
        Assert.Equal("http://127.0.0.1:8080", options.Proxy.Urls);
        Assert.Equal("http://127.0.0.1:8090", options.Admin.Url);
        Assert.Equal(256L * 1024 * 1024, options.BufferedBodies.MaxBytesInFlight);
        Assert.Equal(1, options.Telemetry.AccessLog.SampleRatio);
        Assert.Empty(options.Telemetry.Otlp.Endpoint);
    }

    [Fact]
    public void Later_sources_win_key_by_key()
    {
        string[] Urls(ConfigurationSources sources)
        {
            var options = ConfigurationLoader.Load(sources with { Environment = "Staging" }).ReadProcessOptions();
            return [options.Proxy.Urls, options.Admin.Url];
        }

        _directory.Write("appsettings.json", """{ "Proxy": { "Urls": "http://a:1" }, "Admin": { "Url": "http://a:2" } }""");
        Assert.Equal(["http://a:1", "http://a:2"], Urls(_directory.Sources));
        _directory.Write("appsettings.Staging.json", """{ "Proxy": { "Urls": "http://b:1" } }""");
        Assert.Equal(["http://b:1", "http://a:2"], Urls(_directory.Sources));
        _directory.Write("routes.json", TestDirectory.Good.Replace("\"ReverseProxy\"", "\"Proxy\": { \"Urls\": \"http://c:1\" }, \"ReverseProxy\"", StringComparison.Ordinal));
        Assert.Equal(["http://c:1", "http://a:2"], Urls(_directory.Sources));
        _directory.Write("routes.Staging.json", """{ "Proxy": { "Urls": "http://d:1" } }""");
        Assert.Equal(["http://d:1", "http://a:2"], Urls(_directory.Sources));
        _directory.Write("secrets/Proxy__Urls", "http://e:1\n");
        Assert.Equal(["http://e:1", "http://a:2"], Urls(_directory.Sources));
        var plain = _directory.Sources with { Variables = [KeyValuePair.Create("Proxy__Urls", "http://f:1")] };
        Assert.Equal(["http://f:1", "http://a:2"], Urls(plain));
        var prefixed = plain with { Variables = [KeyValuePair.Create("BLAZE_PROXY__URLS", "http://g:1"), .. plain.Variables] };
        Assert.Equal(["http://g:1", "http://a:2"], Urls(prefixed));
        Assert.Equal(["http://h:1", "http://a:2"], Urls(prefixed with { CommandLine = [KeyValuePair.Create("Proxy:Urls", "http://h:1")] }));
    }

    [Fact]
    public void An_array_of_a_later_file_replaces_the_whole_and_a_variable_one_item()
    {
        _directory.Write("appsettings.json", """{ "Admin": { "AllowedHosts": [ "a", "b" ] } }""");
        _directory.Write("appsettings.Production.json", """{ "Admin": { "AllowedHosts": [ "c" ] } }""");
        Assert.Equal(["c"], ConfigurationLoader.Load(_directory.Sources).ReadProcessOptions().Admin.AllowedHosts);
        var sources = _directory.Sources with { Variables = [KeyValuePair.Create("Admin__AllowedHosts__0", "d"), KeyValuePair.Create("Admin__AllowedHosts__1", "e")] };
        Assert.Equal(["d", "e"], ConfigurationLoader.Load(sources).ReadProcessOptions().Admin.AllowedHosts);
    }

    [Fact]
    public void Null_takes_a_key_away()
    {
        _directory.Write("appsettings.json", """{ "Telemetry": { "Otlp": { "Endpoint": "http://x:4317" } } }""");
        _directory.Write("appsettings.Production.json", """{ "Telemetry": { "Otlp": null } }""");
        Assert.Empty(ConfigurationLoader.Load(_directory.Sources).ReadProcessOptions().Telemetry.Otlp.Endpoint);
    }

    [Fact]
    public void Extensions_are_typed_and_travel_in_the_records()
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace(
            "\"ClusterId\": \"web\",",
            "\"ClusterId\": \"web\", \"Extensions\": { \"Inference\": true, \"Models\": { \"llama3.2:1b\": { \"Rewrite\": \"x\" }, \"LLAMA3.2:1b\": { \"Cluster\": \"llm\" } }, \"Timeouts\": { \"Total\": \"1.02:03:04.5\" } },",
            StringComparison.Ordinal));
        var sources = _directory.Sources with
        {
            Variables =
            [
                KeyValuePair.Create("ReverseProxy__Routes__files__Extensions__RequestBody__MaxBytes", "2048"),
                KeyValuePair.Create("ReverseProxy__Clusters__llm__Destinations__a__Address", "http://10.0.0.9:8000/"),
            ],
        };
        var snapshot = RoutesReader.Read(ConfigurationLoader.Load(sources).Root);
        var extensions = ExtensionsCarrier.Read(snapshot.Routes.Single(static route => route.RouteId == "files"));
        Assert.True(extensions.Inference);
        Assert.Equal("x", extensions.Models["llama3.2:1b"].Rewrite);
        Assert.Equal("llm", extensions.Models["LLAMA3.2:1b"].Cluster);
        Assert.Equal(new TimeSpan(1, 2, 3, 4, 500), extensions.Timeouts.Total);
        Assert.Equal(2048, extensions.RequestBody.MaxBytes);
        Assert.Equal("http://10.0.0.9:8000/", snapshot.Clusters.Single(static cluster => cluster.ClusterId == "llm").Destinations!["a"].Address);
    }

    [Fact]
    public void References_to_secrets_are_replaced_and_never_shown()
    {
        _directory.Write("secrets/openai", "canary-1\n");
        _directory.Write("routes.json", TestDirectory.Good.Replace(
            "\"RoundRobin\",",
            "\"RoundRobin\", \"Extensions\": { \"Credentials\": { \"a\": { \"Value\": \"Bearer ${secret:openai}\" }, \"b\": { \"Value\": \"canary-2\" } } },",
            StringComparison.Ordinal));
        var sources = _directory.Sources with
        {
            Variables = [KeyValuePair.Create("CANARY", "canary-3"), KeyValuePair.Create("ReverseProxy__Clusters__web__Extensions__Credentials__w__Value", "${env:CANARY}")],
        };
        var loaded = ConfigurationLoader.Load(sources);
        var clusters = RoutesReader.Read(loaded.Root).Clusters.ToDictionary(static cluster => cluster.ClusterId, ExtensionsCarrier.Read, StringComparer.Ordinal);
        Assert.Equal("Bearer canary-1", clusters["llm"].Credentials["a"].Value);
        Assert.Equal("canary-3", clusters["web"].Credentials["w"].Value);

        var shown = MaskedView.Write(loaded.Root);
        Assert.DoesNotContain("canary", shown, StringComparison.Ordinal);
        Assert.Contains("\"Value\": \"***\"", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("Blaze.Extensions", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Credentials_that_stand_elsewhere_are_masked_too()
    {
        _directory.Write("routes.json", TestDirectory.Good
            .Replace("\"Path\": \"/v1/{**rest}\" }", "\"Path\": \"/v1/{**rest}\" }, \"Transforms\": [ { \"RequestHeader\": \"X-Api-Key\", \"Set\": \"canary-1\" }, { \"RequestHeader\": \"X-Plain\", \"Set\": \"shown\" } ]", StringComparison.Ordinal)
            .Replace("\"ReverseProxy\"", "\"Telemetry\": { \"Otlp\": { \"Headers\": \"api-key=canary-2\" } }, \"Serilog\": { \"WriteTo\": [ { \"Name\": \"Seq\", \"Args\": { \"apiKey\": \"canary-3\" } } ] }, \"ReverseProxy\"", StringComparison.Ordinal));

        var shown = MaskedView.Write(ConfigurationLoader.Load(_directory.Sources).Root);

        Assert.DoesNotContain("canary", shown, StringComparison.Ordinal);
        Assert.Contains("\"Set\": \"shown\"", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_looked_for_in_three_places()
    {
        var work = Path.Combine(_directory.Path, "work");
        var executable = Path.Combine(_directory.Path, "exe");
        Directory.CreateDirectory(Path.Combine(work, "config"));
        Directory.CreateDirectory(Path.Combine(executable, "config"));
        string[] places = [Path.Combine(work, "config", "routes.json"), Path.Combine(work, "routes.json"), Path.Combine(executable, "config", "routes.json")];

        var none = ConfigurationFiles.Find(null, work, executable);
        Assert.False(none.Found);
        Assert.Equal(places, none.Tried);
        foreach (var place in places.Reverse())
        {
            File.WriteAllText(place, TestDirectory.Good);
            var found = ConfigurationFiles.Find(null, work, executable);
            Assert.Equal((true, place), (found.Found, found.Routes));
        }

        var named = ConfigurationFiles.Find("other.json", work, executable);
        Assert.Equal((false, true, Path.Combine(work, "other.json")), (named.Found, named.Named, named.Routes));
    }

    [Fact]
    public async Task Routes_made_in_code_are_written_as_the_file_that_means_the_same()
    {
        RouteConfig[] routes =
        [
            ExtensionsCarrier.Attach(
                new RouteConfig { RouteId = "r", ClusterId = "c", Order = 3, Match = new RouteMatch { Path = "/v1/{**rest}", Methods = ["GET"] }, Timeout = TimeSpan.FromMinutes(2) },
                new RouteExtensions { Models = { ["a:b"] = new ModelRouteOptions { Rewrite = "c" } } }),
        ];
        ClusterConfig[] clusters =
        [
            ExtensionsCarrier.Attach(
                new ClusterConfig
                {
                    ClusterId = "c",
                    LoadBalancingPolicy = "LeastLoaded",
                    HttpClient = new HttpClientConfig { SslProtocols = System.Security.Authentication.SslProtocols.Tls12 | System.Security.Authentication.SslProtocols.Tls13 },
                    HttpRequest = new Yarp.ReverseProxy.Forwarder.ForwarderRequestConfig { Version = new Version(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact },
                    Destinations = new Dictionary<string, DestinationConfig>(StringComparer.OrdinalIgnoreCase) { ["d"] = new() { Address = "http://127.0.0.1:1/" } },
                },
                new ClusterExtensions { ModelServer = new ModelServerOptions { Kind = ModelServerKinds.Ollama } }),
        ];
        var text = RoutesWriter.ToSource("(demo)", routes, clusters);
        var sources = new ConfigurationSources { Files = new ConfigurationFiles(), InMemoryRoutes = text };

        Assert.Empty(await TestDirectory.CheckAsync(sources));
        var snapshot = RoutesReader.Read(ConfigurationLoader.Load(sources).Root);
        Assert.Equal(routes, snapshot.Routes);
        Assert.Equal(clusters, snapshot.Clusters);
        Assert.Equal(text.Json, RoutesWriter.Write(snapshot.Routes, snapshot.Clusters));
        Assert.DoesNotContain("Blaze.Extensions", text.Json, StringComparison.Ordinal);
    }
}
