using System.Text.Json.Nodes;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Checks;
using Microsoft.Extensions.DependencyInjection;

namespace BlazeGateway.Tests.Configuration.Checks;

/// <summary>Whatever stands at a place of a configuration, a check says something about it; none falls over.</summary>
public sealed class UnforeseenTests
{
    private const string Rich = """
        {
          "AllowShrink": false,
          "Proxy": { "Urls": "http://127.0.0.1:0", "Certificate": { "Path": "a.pem", "KeyPath": "b.pem", "Password": "x" } },
          "Kestrel": { "Limits": { "MaxRequestLineSize": 8192, "KeepAliveTimeout": "00:01:00" } },
          "Telemetry": { "Otlp": { "Endpoint": "" }, "AccessLog": { "SampleRatio": 1.0 } },
          "ReverseProxy": {
            "Routes": {
              "chat": {
                "ClusterId": "llm", "Order": 1, "Timeout": "00:01:00", "MaxRequestBodySize": 1000, "CorsPolicy": "",
                "Match": { "Path": "/v1/{**rest}", "Methods": [ "GET" ], "Hosts": [ "a.example" ], "Headers": [ { "Name": "X-A", "Values": [ "1" ], "Mode": "ExactHeader" } ], "QueryParameters": [ { "Name": "q", "Values": [ "1" ] } ] },
                "Transforms": [ { "PathRemovePrefix": "/v1" }, { "RequestHeader": "X-B", "Set": "1" } ],
                "Extensions": { "Models": { "fast": { "Cluster": "llm", "Rewrite": "m", "Fallback": [ "smart" ] }, "smart": {} }, "Response": { "DestinationHeader": true } }
              }
            },
            "Clusters": {
              "llm": {
                "LoadBalancingPolicy": "RoundRobin",
                "SessionAffinity": { "Enabled": true, "Policy": "HashCookie", "AffinityKeyName": "k", "Cookie": { "Domain": "a.example", "MaxAge": "00:01:00" } },
                "HealthCheck": { "Active": { "Enabled": true, "Interval": "00:00:01", "Path": "/health", "Query": "?a=1" }, "Passive": { "Enabled": true, "ReactivationPeriod": "00:00:10" } },
                "HttpClient": { "MaxConnectionsPerServer": 10, "RequestHeaderEncoding": "utf-8", "WebProxy": { "Address": "http://127.0.0.1:1" } },
                "HttpRequest": { "Version": "1.1", "ActivityTimeout": "00:01:00" },
                "Destinations": { "a": { "Address": "http://127.0.0.1:8001/", "Health": "http://127.0.0.1:8001/", "Host": "b.example" } },
                "Extensions": {
                  "ModelServer": { "Kind": "vllm", "MetricsPath": "/metrics", "Models": [ "m" ] },
                  "Timeouts": { "FirstByte": "00:01:00" },
                  "Credentials": { "a": { "Header": "X-Key", "Value": "k" } },
                  "Tls": { "CertificateAuthority": "ca.pem", "ClientCertificate": { "Path": "c.pem", "KeyPath": "d.pem" } }
                }
              }
            }
          }
        }
        """;

    private static readonly Func<JsonNode?>[] Values =
    [
        () => null, () => "", () => "\0", () => " ", () => new string('x', 5_000), () => "${secret:", () => "http://", () => "http://[::1", () => "//", () => "é漢\u202e", () => "-1",
        () => "99999999999999999999", () => "NaN", () => -1, () => 1e308, () => true, () => new JsonArray(), () => new JsonObject(), () => new JsonArray(null, 1, "x"),
    ];

    [Fact]
    public async Task No_value_at_any_place_makes_a_check_fall_over()
    {
        using var directory = new TestDirectory();
        await using var services = OfflineServices.Create(directory.Sources);
        var checker = services.GetRequiredService<ConfigurationChecker>();
        var places = Places(JsonNode.Parse(Rich)!, []).ToList();
        Assert.True(places.Count > 60, $"only {places.Count} places");
        var fallen = new List<string>();
        foreach (var place in places)
        {
            foreach (var value in Values)
            {
                var text = With(place, value());
                directory.Write("routes.json", text);
                var result = await checker.CheckAsync(ConfigurationContent.Read(directory.Sources), null);
                fallen.AddRange(result.Errors.Where(error => error.Message.Contains("cannot be checked", StringComparison.Ordinal) || error.Message.Contains("cannot be read:", StringComparison.Ordinal))
                    .Select(error => $"{string.Join('.', place)} = {value()?.ToJsonString() ?? "null"}: {error.Message}"));
            }
        }

        Breaches(fallen);
    }

    private static void Breaches(List<string> lines) => Assert.True(lines.Count == 0, string.Join('\n', lines.Take(40)));

    private static IEnumerable<string[]> Places(JsonNode? node, string[] path) => node switch
    {
        JsonObject json => json.SelectMany(member => Places(member.Value, [.. path, member.Key]).Prepend([.. path, member.Key])),
        JsonArray array => array.SelectMany((item, i) => Places(item, [.. path, i.ToString(System.Globalization.CultureInfo.InvariantCulture)])),
        _ => [],
    };

    private static string With(string[] place, JsonNode? value)
    {
        var root = JsonNode.Parse(Rich)!;
        var parent = place[..^1].Aggregate(root, static (node, key) => node is JsonArray array ? array[int.Parse(key, System.Globalization.CultureInfo.InvariantCulture)]! : node[key]!);
        if (parent is JsonArray list)
        {
            list[int.Parse(place[^1], System.Globalization.CultureInfo.InvariantCulture)] = value;
        }
        else
        {
            parent[place[^1]] = value;
        }

        return root.ToJsonString();
    }
}
