namespace BlazeGateway.EndToEnd.Operations;

/// <summary>One way a configuration can be bad: how the good text becomes it (null: the file is deleted), and what has to be said about it.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="Spoil">Makes the bad text.</param>
/// <param name="Place">File, line and column as printed.</param>
/// <param name="Path">JSON path.</param>
/// <param name="Reason">Words of the reason.</param>
internal sealed record BadConfiguration(string Name, Func<string, string?> Spoil, string Place, string Path, string Reason)
{
    /// <summary>Whether a line is what has to be said.</summary>
    public bool IsTold(string line) =>
        line.StartsWith(Place + " ", StringComparison.Ordinal) && line.Contains(Reason, StringComparison.Ordinal) && line.EndsWith($"({Path})", StringComparison.Ordinal);
}

/// <summary>The thirteen kinds of bad configuration a running gateway must outlive, some in two forms.</summary>
internal static class BadConfigurations
{
    /// <summary>Served before and after.</summary>
    public static string Good(Uri first, Uri second) => $$"""
        {
          "ReverseProxy": {
            "Routes": {
              "ai": { "ClusterId": "llm", "Match": { "Path": "/v1/{**rest}" } },
              "files": { "ClusterId": "web", "Match": { "Path": "/files/{**rest}" } }
            },
            "Clusters": {
              "llm": {
                "LoadBalancingPolicy": "RoundRobin",
                "Destinations": {
                  "a": { "Address": "{{first}}" },
                  "b": { "Address": "{{second}}" }
                },
                "Extensions": { "ModelServer": { "Kind": "vllm" } }
              },
              "web": { "Destinations": { "w": { "Address": "{{second}}web/" } } }
            }
          }
        }
        """;

    public static IReadOnlyList<BadConfiguration> All(Uri first, Uri second) =>
    [
        new("malformed", _ => "{ \"ReverseProxy\": { \"Routes\" } }", "routes.json:1:30", "$", "Not valid JSON"),
        new("truncated", good => good[..(good.IndexOf("RoundRobin", StringComparison.Ordinal) + 3)], "routes.json:9:36", "$", "Not valid JSON"),
        new("0 bytes", _ => "", "routes.json:1:1", "$", "The file is empty"),
        new("no content", _ => "{}", "routes.json", "$.ReverseProxy.Routes", "There are no routes"),
        new("unknown policy", Change("\"RoundRobin\"", "\"LeestRequests\""), "routes.json:9:32", "$.ReverseProxy.Clusters.llm.LoadBalancingPolicy", "did you mean 'LeastRequests'?"),
        new("bad address", Change($"\"{second}web/\"", "\"not a uri\""), "routes.json:16:52", "$.ReverseProxy.Clusters.web.Destinations.w.Address", "'not a uri'"),
        new("same address", Change($"\"{second}\"", $"\"{first}\""), "routes.json:12:29", "$.ReverseProxy.Clusters.llm.Destinations.b.Address", "have the same address"),
        new("missing cluster", Change("\"ClusterId\": \"web\"", "\"ClusterId\": \"webb\""), "routes.json:5:31", "$.ReverseProxy.Routes.files.ClusterId", "did you mean 'web'?"),
        new("no destinations", Change($"{{ \"w\": {{ \"Address\": \"{second}web/\" }} }}", "{}"), "routes.json:16:7", "$.ReverseProxy.Clusters.web", "has no destinations"),
        new("bad pattern", Change("/files/{**rest}", "/files/{"), "routes.json:5:57", "$.ReverseProxy.Routes.files.Match.Path", "/files/{"),
        new("same route", Change("\"files\":", "\"ai\":"), "routes.json:5:7", "$.ReverseProxy.Routes.ai", "appears twice"),
        new("missing secret", Change("\"ModelServer\":", "\"Credentials\": { \"a\": { \"Value\": \"${secret:none}\" } }, \"ModelServer\":"),
            "routes.json:14:58", "$.ReverseProxy.Clusters.llm.Extensions.Credentials.a.Value", "the secret none"),
        new("most destinations gone", good => Change("\"a\":", "\"x\":")(Change("\"b\":", "\"y\":")(good)), "routes.json:7:5", "$.ReverseProxy.Clusters", "remove 2 of 3 destinations"),
        new("all routes gone", _ => "{ \"ReverseProxy\": { \"Routes\": {} } }", "routes.json:1:21", "$.ReverseProxy.Routes", "There are no routes"),
        new("deleted", _ => null, "routes.json", "$", "The file does not exist"),
    ];

    private static Func<string, string> Change(string old, string bad) => good =>
    {
        Assert.Contains(old, good, StringComparison.Ordinal);
        return good.Replace(old, bad, StringComparison.Ordinal);
    };
}
