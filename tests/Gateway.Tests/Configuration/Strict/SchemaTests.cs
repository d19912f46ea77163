using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Strict;
using NJsonSchema;

namespace BlazeGateway.Tests.Configuration.Strict;

public sealed class SchemaTests
{
    private static readonly string Committed = Path.Combine(RepositoryFiles.Config, "routes.schema.json");

    [Fact]
    public void The_committed_schema_is_the_one_the_types_give()
    {
        var generated = Generate();
        if (Environment.GetEnvironmentVariable("BLAZE_UPDATE_SCHEMA") == "1")
        {
            File.WriteAllText(Committed, generated);
        }

        Assert.True(File.ReadAllText(Committed) == generated, "config/routes.schema.json differs from the types; run this test with BLAZE_UPDATE_SCHEMA=1 to write it.");
    }

    [Fact]
    public void The_program_prints_the_committed_schema()
    {
        using var stream = typeof(RootShape).Assembly.GetManifestResourceStream("routes.schema.json")!;
        using var reader = new StreamReader(stream);
        Assert.Equal(File.ReadAllText(Committed), reader.ReadToEnd());
    }

    [Fact]
    public void Every_option_of_ours_has_a_sentence()
    {
        var documentation = Read();
        var undocumented = Members(RootShape.Instance)
            .Where(member => member.DocumentationId?.StartsWith("P:BlazeGateway", StringComparison.Ordinal) == true && documentation.SummaryOf(member.DocumentationId) is null)
            .Select(static member => member.DocumentationId);
        Assert.Empty(undocumented);
    }

    [Theory]
    [InlineData("""{}""", true)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "ClusterId": "c", "Match": { "Path": "/x" } } } } }""", true)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "ClusterID": 1 } } } }""", false)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r r": { "ClusterId": "c" } } } }""", false)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "Extensions": { "Timeouts": { "FirstByte": "00:00:00" } } } } } }""", false)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "Extensions": { "Timeouts": { "FirstByte": "00:00:01" } } } } } }""", true)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "Extensions": { "Timeouts": { "FirstByte": "1" } } } } } }""", false)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "Extensions": { "RequestBody": { "MaxBytes": 1023 } } } } } }""", false)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "Extensions": { "RequestBody": { "MaxBytes": 1024 } } } } } }""", true)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "Extensions": { "Models": { "llama3.2:1b": { "Rewrite": "x" } } } } } } }""", true)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "Transforms": [ { "PathPrefix": "/x" } ], "Metadata": { "any": "thing" } } } } }""", true)]
    [InlineData("""{ "ReverseProxy": { "Clusters": { "c": { "Extensions": { "ModelServer": { "Kind": "vllm" } } } } } }""", true)]
    [InlineData("""{ "ReverseProxy": { "Clusters": { "c": { "HttpClient": { "SslProtocols": [ "Tls13" ], "MaxConnectionsPerServer": 5 } } } } }""", true)]
    [InlineData("""{ "ReverseProxy": { "Clusters": { "c": { "HttpRequest": { "Version": "2", "VersionPolicy": "RequestVersionExact" } } } } }""", true)]
    [InlineData("""{ "ReverseProxy": { "Clusters": { "c": { "HttpRequest": { "VersionPolicy": "Sometimes" } } } } }""", false)]
    [InlineData("""{ "ReverseProxy": { "Clusters": { "c": { "Destinations": [] } } } }""", false)]
    [InlineData("""{ "Kestrel": { "Limits": { "MaxRequestHeaderCount": 100, "Http2": { "MaxStreamsPerConnection": 100 }, "MinRequestBodyDataRate": { "BytesPerSecond": 240, "GracePeriod": "00:00:05" } } } }""", true)]
    [InlineData("""{ "Kestrel": { "Limits": { "MaxRequestHeadersCount": 100 } } }""", false)]
    [InlineData("""{ "Kestrel": { "Limit": {} } }""", false)]
    [InlineData("""{ "Telemetry": { "AccessLog": { "SampleRatio": 1.01 } } }""", false)]
    [InlineData("""{ "Telemetry": { "AccessLog": { "SampleRatio": 1 } } }""", true)]
    [InlineData("""{ "Clients": { "Keys": { "a": { "KeyHash": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "Band": "batch", "Share": 1000 } } } }""", true)]
    [InlineData("""{ "Clients": { "Keys": { "a": { "KeyHash": "${secret:a}" } } } }""", true)]
    [InlineData("""{ "Clients": { "Keys": { "a": { "KeyHash": "abc" } } } }""", false)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "Extensions": { "RequireKey": true, "Limits": { "PerClient": { "Concurrent": 8 } } } } } } }""", true)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "Extensions": { "Limits": { "PerClient": { "Concurrent": 0 } } } } } } }""", false)]
    [InlineData("""{ "ReverseProxy": { "Clusters": { "c": { "Extensions": { "Admission": { "MaxInFlight": 1 } } } } } }""", true)]
    [InlineData("""{ "Serilog": { "Any": { "Thing": [ 1 ] } } }""", true)]
    [InlineData("""{ "AllowShrink": "true" }""", false)]
    [InlineData("""{ "AllowShrink": null }""", true)]
    public async Task The_strict_check_and_the_schema_agree(string json, bool valid)
    {
        var schema = await JsonSchema.FromJsonAsync(File.ReadAllText(Committed));
        var errors = new ConfigurationErrors();
        var node = JsonTreeReader.Read("routes.json", System.Text.Encoding.UTF8.GetBytes(json), errors)!;
        new StrictCheck(errors).Check(node, RootShape.Instance, KeyPath.Root);

        Assert.Equal(valid, schema.Validate(json).Count == 0);
        Assert.Equal(valid, errors.All.Count == 0);
    }

    private static string Generate() => SchemaWriter.Write(Read());

    private static Documentation Read() =>
        Documentation.Read(Path.Combine(AppContext.BaseDirectory, "blaze.xml"), Path.Combine(AppContext.BaseDirectory, "Gateway.Policies.xml"));

    private static IEnumerable<ShapeMember> Members(Shape shape) => shape switch
    {
        ObjectShape expected => expected.Members.Values.SelectMany(static member => Members(member.Shape).Prepend(member)),
        MapShape map => Members(map.Value),
        ListShape list => Members(list.Item),
        _ => [],
    };
}
