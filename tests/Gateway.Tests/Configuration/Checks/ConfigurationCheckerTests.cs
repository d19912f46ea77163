using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Strict;

namespace BlazeGateway.Tests.Configuration.Checks;

public sealed class ConfigurationCheckerTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_good_configuration_has_no_findings() => Assert.Empty(await TestDirectory.CheckAsync(_directory.Sources));

    [Fact]
    public async Task The_configuration_in_the_repository_has_no_findings()
    {
        var sources = new ConfigurationSources { Files = ConfigurationFiles.Find("routes.json", RepositoryFiles.Config, RepositoryFiles.Config) };
        Assert.NotNull(sources.Files.Settings);
        Assert.Empty(await TestDirectory.CheckAsync(sources));
    }

    /// <summary>Each row replaces one piece of the good file and tells the one finding that must follow, word for word.</summary>
    [Theory]
    [InlineData("LoadBalancingPolicy\": \"RoundRobin", "LoadBalancingPolcy\": \"RoundRobin",
        "routes.json:9:9 Unknown key 'LoadBalancingPolcy'.  did you mean 'LoadBalancingPolicy'?  ($.ReverseProxy.Clusters.llm.LoadBalancingPolcy)")]
    [InlineData("\"ClusterId\": \"web\"", "\"ClusterId\": \"wep\"",
        "routes.json:5:31 Route 'files' names the cluster 'wep', which does not exist; known clusters: llm, web.  did you mean 'web'?  ($.ReverseProxy.Routes.files.ClusterId)")]
    [InlineData("\"ClusterId\": \"web\", ", "",
        "routes.json:5:7 Route 'files' has no ClusterId, so nothing could answer it; name one of: llm, web.  ($.ReverseProxy.Routes.files)")]
    [InlineData("\"RoundRobin\"", "\"RoundRobbin\"",
        "routes.json:9:32 LoadBalancingPolicy of cluster 'llm' is 'RoundRobbin', which does not exist; known policies: Adaptive, ConsistentHash, FirstAlphabetical, LeastConnections, LeastLoaded, LeastRequests, LeastResponseTime, PowerOfTwoChoices, Random, RoundRobin, WeightedRoundRobin.  did you mean 'RoundRobin'?  ($.ReverseProxy.Clusters.llm.LoadBalancingPolicy)")]
    [InlineData("http://127.0.0.1:8003/", "not a uri",
        "routes.json:15:52 Address of destination 'w' is 'not a uri'; it must be absolute and start with http:// or https://.  ($.ReverseProxy.Clusters.web.Destinations.w.Address)")]
    [InlineData("http://127.0.0.1:8003/", "ftp://127.0.0.1/",
        "routes.json:15:52 Address of destination 'w' is 'ftp://127.0.0.1/'; it must be absolute and start with http:// or https://.  ($.ReverseProxy.Clusters.web.Destinations.w.Address)")]
    [InlineData("http://127.0.0.1:8003/", "http://me:pw@127.0.0.1/",
        "routes.json:15:52 Address of destination 'w' holds a user name or password; give credentials under Extensions.Credentials.  ($.ReverseProxy.Clusters.web.Destinations.w.Address)")]
    [InlineData("http://127.0.0.1:8003/", "htp://me:pw@127.0.0.1/",
        "routes.json:15:52 Address of destination 'w' is 'htp://…@127.0.0.1/'; it must be absolute and start with http:// or https://.  ($.ReverseProxy.Clusters.web.Destinations.w.Address)")]
    [InlineData("http://127.0.0.1:8003/", "http://127.0.0.1/?key=pw",
        "routes.json:15:52 Address of destination 'w' is 'http://127.0.0.1/?…'; it must not have a query or fragment.  ($.ReverseProxy.Clusters.web.Destinations.w.Address)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Credentials\": { \"a\": { \"Value\": 123456 } } },",
        "routes.json:9:95 'Value' is ***; it must be text, in quotation marks.  ($.ReverseProxy.Clusters.llm.Extensions.Credentials.a.Value)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Tls\": { \"CertificateAuthority\": \"ca\\u0000.pem\" } },",
        "routes.json:9:95 'CertificateAuthority' holds the character U+0000, which no file name can; write the path of a file.  ($.ReverseProxy.Clusters.llm.Extensions.Tls.CertificateAuthority)")]
    [InlineData("http://127.0.0.1:8003/", "http://169.254.169.254/",
        "routes.json:15:52 Address of destination 'w' is 'http://169.254.169.254/'; link-local addresses are refused, because a cloud's credentials are served there.  ($.ReverseProxy.Clusters.web.Destinations.w.Address)")]
    [InlineData("http://127.0.0.1:8003/", "http://[fd00:ec2::254]/",
        "routes.json:15:52 Address of destination 'w' is 'http://[fd00:ec2::254]/'; link-local addresses are refused, because a cloud's credentials are served there.  ($.ReverseProxy.Clusters.web.Destinations.w.Address)")]
    [InlineData("http://127.0.0.1:8002/", "http://127.0.0.1:8001",
        "routes.json:12:29 Destinations 'a' and 'b' have the same address 'http://127.0.0.1:8001'; remove one.  ($.ReverseProxy.Clusters.llm.Destinations.b.Address)")]
    [InlineData("\"http://127.0.0.1:8003/\"", "\"http://127.0.0.1:8003/\", \"Host\": \"http://model.internal\"",
        "routes.json:15:86 Host of destination 'w' is 'http://model.internal'; it is sent as the Host header, so it must be a name or address with an optional port, such as model.internal or model.internal:8443.  ($.ReverseProxy.Clusters.web.Destinations.w.Host)")]
    [InlineData("{ \"w\": { \"Address\": \"http://127.0.0.1:8003/\" } }", "{}",
        "routes.json:15:7 Cluster 'web' has no destinations, so every request to it would fail; add one under Destinations.  ($.ReverseProxy.Clusters.web)")]
    [InlineData("\"files\":", "\"chat\":",
        "routes.json:5:7 'chat' appears twice in the same object, first on line 4; remove one of them.  ($.ReverseProxy.Routes.chat)")]
    [InlineData("\"files\":", "\"Chat\":",
        "routes.json:5:7 'Chat' appears twice in the same object, first as 'chat' on line 4; upper and lower case are the same here.  ($.ReverseProxy.Routes.Chat)")]
    [InlineData("\"files\":", "\"my files\":",
        "routes.json:5:7 'my files' cannot be an id; an id has 1 to 64 characters of A-Z a-z 0-9 . _ -  ($.ReverseProxy.Routes['my files'])")]
    [InlineData("/files/{**rest}\" }", "/files/{**rest}\" }, \"Order\": \"first\"",
        "routes.json:5:87 'Order' is \"first\"; it must be a whole number between -2,147,483,648 and 2,147,483,647.  ($.ReverseProxy.Routes.files.Order)")]
    [InlineData("/files/{**rest}\" }", "/files/{**rest}\" }, \"Timeout\": \"5\"",
        "routes.json:5:89 'Timeout' is \"5\"; it must be a time of at most 24.00:00:00, written \"hh:mm:ss\" or \"d.hh:mm:ss.fff\".  ($.ReverseProxy.Routes.files.Timeout)")]
    [InlineData("/files/{**rest}\" }", "/files/{**rest}\" }, \"Extensions\": { \"Timeouts\": { \"FirstByte\": \"00:00:00\" } }",
        "routes.json:5:121 'FirstByte' is \"00:00:00\"; it must be a time from 00:00:00.0000001 to 1.00:00:00, written \"hh:mm:ss\" or \"d.hh:mm:ss.fff\".  ($.ReverseProxy.Routes.files.Extensions.Timeouts.FirstByte)")]
    [InlineData("/files/{**rest}\" }", "/files/{**rest}\" }, \"Extensions\": { \"Models\": { \"llama3:8b\": { \"Fallback\": [ \"llama3:7b\" ] } } }",
        "routes.json:5:135 Model 'llama3:8b' falls back to 'llama3:7b', which this route does not serve; known models: llama3:8b.  did you mean 'llama3:8b'?  ($.ReverseProxy.Routes.files.Extensions.Models['llama3:8b'].Fallback[0])")]
    [InlineData("/files/{**rest}\" }", "/files/{**rest}\" }, \"Extensions\": { \"Models\": { \"m\": { \"Cluster\": \"lllm\" } } }",
        "routes.json:5:124 Model 'm' names the cluster 'lllm', which does not exist; known clusters: llm, web.  did you mean 'llm'?  ($.ReverseProxy.Routes.files.Extensions.Models.m.Cluster)")]
    [InlineData("/files/{**rest}\" }", "/files/{**rest}\" }, \"Extensions\": { \"Models\": { \"m*x\": {} } }",
        "routes.json:5:106 'm*x' cannot be a model name; it is 1 to 256 characters out of A-Z a-z 0-9 . _ : / @ + -, with at most one * at its end.  ($.ReverseProxy.Routes.files.Extensions.Models['m*x'])")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Credentials\": { \"c\": { \"Value\": \"${env:K}\" } } },",
        "routes.json:9:79 Credentials name the destination 'c', which cluster 'llm' does not have; known: a, b, or * for all.  did you mean 'a'?  ($.ReverseProxy.Clusters.llm.Extensions.Credentials.c)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Credentials\": { \"a\": { \"Header\": \"x y\", \"Value\": \"k\" } } },",
        "routes.json:9:96 'Header' is \"x y\"; it must be the name of a header, of A-Z a-z 0-9 -, such as x-api-key.  ($.ReverseProxy.Clusters.llm.Extensions.Credentials.a.Header)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Credentials\": { \"a\": {} } },",
        "routes.json:9:84 'Value' is missing.  ($.ReverseProxy.Clusters.llm.Extensions.Credentials.a)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Credentials\": { \"a\": { \"Value\": \"${secret:key}\" } } },",
        "routes.json:9:95 'Value' refers to the secret key, but there is no file key in SECRETS.  ($.ReverseProxy.Clusters.llm.Extensions.Credentials.a.Value)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Tls\": { \"CertificateAuthority\": \"ca.pem\" } },",
        "routes.json:9:95 'CertificateAuthority' names the file 'ca.pem', which does not exist.  ($.ReverseProxy.Clusters.llm.Extensions.Tls.CertificateAuthority)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Health\": { \"Probe\": true } },",
        "routes.json:9:83 Probe of cluster 'llm' is true, but its destinations have no path that is known to be free; give one under Path.  ($.ReverseProxy.Clusters.llm.Extensions.Health.Probe)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"ModelServer\": { \"MetricsPath\": \"metrics\" } },",
        "routes.json:9:94 'MetricsPath' is \"metrics\"; it must be a path that begins with / and has no space or #, such as /metrics.  ($.ReverseProxy.Clusters.llm.Extensions.ModelServer.MetricsPath)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Health\": { \"Path\": \"health\" } },",
        "routes.json:9:82 'Path' is \"health\"; it must be a path that begins with / and has no space or #, such as /health.  ($.ReverseProxy.Clusters.llm.Extensions.Health.Path)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"ModelServer\": { \"Kind\": \"vlm\" } },",
        "routes.json:9:87 'Kind' is \"vlm\"; it must be one of vllm, sglang, tgi, trtllm, llamacpp, ollama, openai, azure-openai, anthropic, generic.  did you mean 'vllm'?  ($.ReverseProxy.Clusters.llm.Extensions.ModelServer.Kind)")]
    [InlineData("/files/{**rest}\" }", "/files/{**rest}\" }, \"Extensions\": { \"Limits\": { \"PerClient\": { \"RequestsPerMinute\": 60 } } }",
        "routes.json:5:121 'RequestsPerMinute' is not in this version. Known here: Concurrent.  ($.ReverseProxy.Routes.files.Extensions.Limits.PerClient.RequestsPerMinute)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Hedging\": {} },",
        "routes.json:9:62 'Hedging' is not in this version. Known here: ModelServer, Health, CircuitBreaker, Timeouts, RetryBudget, Admission, Weights, Capacity, TokenCapacity, Hash, Adaptive, Credentials, Tls.  ($.ReverseProxy.Clusters.llm.Extensions.Hedging)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"CircuitBreaker\": { \"FailureRatio\": 7 } },",
        "routes.json:9:98 'FailureRatio' is 7; it must be a number between 0.01 and 1.  ($.ReverseProxy.Clusters.llm.Extensions.CircuitBreaker.FailureRatio)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"CircuitBreaker\": { \"MinimumThroughput\": 1 } },",
        "routes.json:9:103 'MinimumThroughput' is 1; it must be a whole number between 2 and 1,000,000.  ($.ReverseProxy.Clusters.llm.Extensions.CircuitBreaker.MinimumThroughput)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"CircuitBreaker\": { \"SamplingDuration\": \"00:00:00.999\" } },",
        "routes.json:9:102 'SamplingDuration' is \"00:00:00.999\"; it must be a time from 00:00:01 to 00:10:00, written \"hh:mm:ss\" or \"d.hh:mm:ss.fff\".  ($.ReverseProxy.Clusters.llm.Extensions.CircuitBreaker.SamplingDuration)")]
    [InlineData("\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"CircuitBreaker\": { \"BreakDuration\": \"01:00:00.001\" } },",
        "routes.json:9:99 'BreakDuration' is \"01:00:00.001\"; it must be a time from 00:00:01 to 01:00:00, written \"hh:mm:ss\" or \"d.hh:mm:ss.fff\".  ($.ReverseProxy.Clusters.llm.Extensions.CircuitBreaker.BreakDuration)")]
    [InlineData("/files/{**rest}\" }", "/files/{**rest}\" }, \"Extensions\": { \"Timeout\": \"00:00:05\" }",
        "routes.json:5:94 Unknown key 'Timeout'.  did you mean 'Timeouts'?  ($.ReverseProxy.Routes.files.Extensions.Timeout)")]
    [InlineData("\"ReverseProxy\": {", "\"Proxy\": { \"Urls\": \"localhost:8080\" }, \"ReverseProxy\": {",
        "routes.json:2:22 'Urls' is \"localhost:8080\"; it must be http:// or https:// with a host and a port, separated by ; if there are several, such as http://127.0.0.1:8080.  ($.Proxy.Urls)")]
    [InlineData("\"ReverseProxy\": {", "\"Admin\": { \"MaxConnections\": 0 }, \"ReverseProxy\": {",
        "routes.json:2:32 'MaxConnections' is 0; it must be a whole number between 1 and 65,536.  ($.Admin.MaxConnections)")]
    [InlineData("\"ReverseProxy\": {", "\"Kestrel\": { \"Limits\": { \"MaxConcurrentConnection\": 5 } }, \"ReverseProxy\": {",
        "routes.json:2:28 Unknown key 'MaxConcurrentConnection'.  did you mean 'MaxConcurrentConnections'?  ($.Kestrel.Limits.MaxConcurrentConnection)")]
    [InlineData("\"ClusterId\": \"web\"", "\"AuthorizationPolicy\": \"default\", \"ClusterId\": \"web\"",
        "routes.json:5:41 'AuthorizationPolicy' is 'default', but this version has no such policies, so it would not be carried out; remove it.  ($.ReverseProxy.Routes.files.AuthorizationPolicy)")]
    [InlineData("\"ReverseProxy\": {", "\"Kestrel\": { \"Limits\": { \"MaxRequestHeaderCount\": 0 } }, \"ReverseProxy\": {",
        "routes.json:2:53 'MaxRequestHeaderCount' is refused by the HTTP server: Value must be a positive number. (Parameter 'value')  ($.Kestrel.Limits.MaxRequestHeaderCount)")]
    [InlineData("\"Clusters\": {", "\"Routes\": {",
        "routes.json:7:5 'Routes' appears twice in the same object, first on line 3; remove one of them.  ($.ReverseProxy.Routes)")]
    [InlineData("\"Path\": \"/files/{**rest}\"", "\"Path\": \"/files/{**rest}\", \"Methods\": \"GET\"",
        "routes.json:5:87 'Methods' must be an array, not text.  ($.ReverseProxy.Routes.files.Match.Methods)")]
    public async Task One_mistake_gives_one_finding(string good, string bad, string expected)
    {
        Assert.Contains(good, TestDirectory.Good, StringComparison.Ordinal);
        _directory.Write("routes.json", TestDirectory.Good.Replace(good, bad, StringComparison.Ordinal));
        var found = await TestDirectory.CheckAsync(_directory.Sources with { Variables = [KeyValuePair.Create("K", "k")] });
        var finding = expected.Replace("SECRETS", _directory.Secrets, StringComparison.Ordinal);
        Assert.Equal(finding, string.Join('\n', found));
    }

    [Fact]
    public async Task All_mistakes_are_told_at_once_in_the_order_of_the_file()
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace("Path", "Pfad", StringComparison.Ordinal));
        var found = await TestDirectory.CheckAsync(_directory.Sources);
        Assert.Equal([4, 5], found.Select(static error => error.Line));
    }

    [Fact]
    public async Task A_bad_pattern_is_shown_at_the_path()
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace("/files/{**rest}", "/files/{", StringComparison.Ordinal));
        var error = Assert.Single(await TestDirectory.CheckAsync(_directory.Sources));
        Assert.Equal(("routes.json", 5, 57, "$.ReverseProxy.Routes.files.Match.Path"), (error.File, error.Line, error.Column, error.Path));
    }

    [Theory]
    [InlineData("", "routes.json:1:1 The file is empty; a configuration is a JSON object, at least {}.  ($)")]
    [InlineData("[]", "routes.json:1:1 The file must hold a JSON object.  ($)")]
    [InlineData("{\n  \"A\" 1 }", "routes.json:2:7 Not valid JSON: '1' is invalid after a property name. Expected a ':'.  ($)")]
    [InlineData("{\n  \"A\": 1\n  \"B\": 2 }", "routes.json:3:3 Not valid JSON: '\"' is invalid after a value. Expected either ',', '}', or ']'. A comma may be missing before this position.  ($)")]
    [InlineData("{}", "routes.json There are no routes, so nothing would be served; add one, or say \"AllowShrink\": true if this is meant.  ($.ReverseProxy.Routes)")]
    public async Task A_file_that_holds_no_configuration_is_refused(string text, string expected)
    {
        _directory.Write("routes.json", text);
        Assert.Equal(expected, Assert.Single(await TestDirectory.CheckAsync(_directory.Sources)).ToString());
    }

    [Fact]
    public async Task Comments_and_trailing_commas_are_allowed()
    {
        _directory.Write("routes.json", "// a comment\n" + TestDirectory.Good.Replace("} } }\n    }", "} }, }, /* and one */\n    },", StringComparison.Ordinal));
        Assert.Empty(await TestDirectory.CheckAsync(_directory.Sources));
    }

    [Theory]
    [InlineData("BLAZE_Admin__Ur1", "environment variable BLAZE_Admin__Ur1 Unknown key 'Ur1'.  did you mean 'Url'?  ($.Admin.Ur1)")]
    [InlineData("ReverseProxy__Clusters__llm__LoadBalancing", "environment variable ReverseProxy__Clusters__llm__LoadBalancing Unknown key 'LoadBalancing'.")]
    [InlineData("BLAZE_SERVICE_HOST", null)]
    [InlineData("ADMIN", null)]
    public async Task A_variable_that_is_a_key_must_be_a_known_one(string name, string? expected)
    {
        var found = await TestDirectory.CheckAsync(_directory.Sources with { Variables = [KeyValuePair.Create(name, "x")] });
        Assert.Equal(expected is null ? 0 : 1, found.Count);
        Assert.StartsWith(expected ?? "", string.Join('\n', found), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Telemetry:AccessLog:SampleRatio", "-0.01", false)]
    [InlineData("Telemetry:AccessLog:SampleRatio", "0", true)]
    [InlineData("Telemetry:AccessLog:SampleRatio", "1", true)]
    [InlineData("Telemetry:AccessLog:SampleRatio", "1.01", false)]
    [InlineData("Telemetry:AccessLog:SampleRatio", "NaN", false)]
    [InlineData("Admin:MaxConnections", "0", false)]
    [InlineData("Admin:MaxConnections", "1", true)]
    [InlineData("Admin:MaxConnections", "65536", true)]
    [InlineData("Admin:MaxConnections", "65537", false)]
    [InlineData("Admin:MaxConnections", "9223372036854775808", false)]
    [InlineData("BufferedBodies:MaxBytesInFlight", "1048575", false)]
    [InlineData("BufferedBodies:MaxBytesInFlight", "1048576", true)]
    [InlineData("BufferedBodies:MaxBytesInFlight", "1099511627776", true)]
    [InlineData("BufferedBodies:MaxBytesInFlight", "1099511627777", false)]
    [InlineData("Telemetry:Prometheus:MaxLabelSets", "15", false)]
    [InlineData("Telemetry:Prometheus:MaxLabelSets", "16", true)]
    [InlineData("Telemetry:Prometheus:MaxLabelSets", "100001", false)]
    [InlineData("Telemetry:Prometheus:MaxModels", "0", false)]
    [InlineData("Telemetry:Prometheus:MaxModels", "10000", true)]
    [InlineData("Telemetry:Prometheus:MaxModels", "10001", false)]
    [InlineData("ReverseProxy:Routes:chat:Extensions:RequestBody:MaxBytes", "1023", false)]
    [InlineData("ReverseProxy:Routes:chat:Extensions:RequestBody:MaxBytes", "1024", true)]
    [InlineData("ReverseProxy:Routes:chat:Extensions:RequestBody:MaxBytes", "1073741824", true)]
    [InlineData("ReverseProxy:Routes:chat:Extensions:RequestBody:MaxBytes", "1073741825", false)]
    [InlineData("ReverseProxy:Routes:chat:Extensions:Timeouts:Total", "00:00:00.0000001", true)]
    [InlineData("ReverseProxy:Routes:chat:Extensions:Timeouts:Total", "00:00:00", false)]
    [InlineData("ReverseProxy:Routes:chat:Extensions:Timeouts:Total", "-00:00:01", false)]
    [InlineData("Proxy:Urls", "http://*:8080;https://[::]:8443", true)]
    [InlineData("Proxy:Urls", "8080", false)]
    [InlineData("Proxy:Urls", "", false)]
    [InlineData("Admin:Url", "http://a:1;http://b:2", false)]
    public void Limits_hold_at_below_and_above(string key, string value, bool valid)
    {
        var errors = ConfigurationLoader.Load(_directory.Sources with { CommandLine = [KeyValuePair.Create(key, value)] }).Errors;
        Assert.Equal(valid, errors.All.Count == 0);
        Assert.All(errors.All, error => Assert.Equal($"option --{key}", error.File));
    }

    [Fact]
    public async Task Values_written_as_text_work_and_are_warned_of()
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace("\"ClusterId\": \"web\"", "\"clusterid\": \"web\", \"Order\": \"5\"", StringComparison.Ordinal));
        var found = await TestDirectory.CheckAsync(_directory.Sources);
        Assert.Equal(
            [
                "routes.json:5:18 warning: 'clusterid' is read as 'ClusterId'; write it so.  ($.ReverseProxy.Routes.files.clusterid)",
                "routes.json:5:47 warning: 'Order' is written as text; write 5 without quotation marks.  ($.ReverseProxy.Routes.files.Order)",
            ],
            [.. found.Select(static error => error.ToString())]);
    }

    [Theory]
    [InlineData("vllm", "http://127.0.0.1:8003/v1", "", "http://127.0.0.1:8003/")]
    [InlineData("openai", "https://api.example.com/api/V1/", "", "https://api.example.com/api/")]
    [InlineData("ollama", "http://127.0.0.1:8003/v1/", "", "http://127.0.0.1:8003/")]
    [InlineData("azure-openai", "http://127.0.0.1:8003/v1", "", null)]
    [InlineData("vllm", "http://127.0.0.1:8003/v12", "", null)]
    [InlineData("vllm", "http://127.0.0.1:8003/v1", ", \"Transforms\": [ { \"PathRemovePrefix\": \"/v1\" } ]", null)]
    [InlineData(null, "http://127.0.0.1:8003/v1", "", null)]
    public async Task An_address_that_ends_as_requests_begin_is_warned_of(string? kind, string address, string route, string? meant)
    {
        var server = kind is null ? "" : $$""", "Extensions": { "ModelServer": { "Kind": "{{kind}}" } }""";
        _directory.Write("routes.json", TestDirectory.Good
            .Replace("{ \"w\": { \"Address\": \"http://127.0.0.1:8003/\" } }", $$"""{ "w": { "Address": "{{address}}" } }{{server}}""", StringComparison.Ordinal)
            .Replace("\"/files/{**rest}\" }", $"\"/v1/x\" }}{route}", StringComparison.Ordinal));
        var found = string.Join('\n', await TestDirectory.CheckAsync(_directory.Sources));
        Assert.Equal(
            meant is null ? "" : $"routes.json:15:52 warning: Address of destination 'w' is '{address}'; the path of a request is added to it, so that /v1/chat/completions arrives as "
                + $"/v1/v1/chat/completions. Write '{meant}'.  ($.ReverseProxy.Clusters.web.Destinations.w.Address)",
            found);
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead, 1)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.GroupRead, 0)]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task A_secret_in_a_file_everyone_can_read_is_warned_of(UnixFileMode mode, int warnings)
    {
        _directory.Write("routes.json", TestDirectory.Good.Replace(
            "\"RoundRobin\",", "\"RoundRobin\", \"Extensions\": { \"Credentials\": { \"a\": { \"Value\": \"canary\" } } },", StringComparison.Ordinal));
        File.SetUnixFileMode(_directory.In("routes.json"), mode);
        var found = await TestDirectory.CheckAsync(_directory.Sources);
        Assert.Equal(warnings, found.Count);
        Assert.All(found, static error => Assert.StartsWith("routes.json:9:95 warning: 'Value' is a secret in a file that every user can read;", error.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void Secret_values_do_not_appear_in_messages()
    {
        var errors = ConfigurationLoader.Load(_directory.Sources with { CommandLine = [KeyValuePair.Create("Proxy:Certificate:Password:x", "canary-7")] }).Errors;
        Assert.NotEmpty(errors.All);
        Assert.DoesNotContain("canary-7", string.Join('\n', errors.All), StringComparison.Ordinal);
    }

    [Fact]
    public void The_longest_id_is_64_characters()
    {
        var errors = new ConfigurationErrors();
        var node = FlatTreeReader.Read([new FlatEntry("ReverseProxy:Routes:" + new string('a', 64) + ":ClusterId", "c", "x", false)]);
        new StrictCheck(errors).Check(node, RootShape.Instance, KeyPath.Root);
        Assert.Empty(errors.All);
        node = FlatTreeReader.Read([new FlatEntry("ReverseProxy:Routes:" + new string('a', 65) + ":ClusterId", "c", "x", false)]);
        new StrictCheck(errors).Check(node, RootShape.Instance, KeyPath.Root);
        Assert.Single(errors.All);
    }
}
