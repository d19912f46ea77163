using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Checks;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Tests.Configuration;

/// <summary>A directory of configuration files that is removed after the test.</summary>
internal sealed class TestDirectory : IDisposable
{
    public const string Good = """
        {
          "ReverseProxy": {
            "Routes": {
              "chat": { "ClusterId": "llm", "Match": { "Path": "/v1/{**rest}" } },
              "files": { "ClusterId": "web", "Match": { "Path": "/files/{**rest}" } }
            },
            "Clusters": {
              "llm": {
                "LoadBalancingPolicy": "RoundRobin",
                "Destinations": {
                  "a": { "Address": "http://127.0.0.1:8001/" },
                  "b": { "Address": "http://127.0.0.1:8002/" }
                }
              },
              "web": { "Destinations": { "w": { "Address": "http://127.0.0.1:8003/" } } }
            }
          }
        }
        """;

    public TestDirectory()
    {
        Path = Directory.CreateTempSubdirectory("blaze-").FullName;
        Secrets = System.IO.Path.Combine(Path, "secrets");
        Directory.CreateDirectory(Secrets);
        Write("routes.json", Good);
    }

    public string Path { get; }

    public string Secrets { get; }

    public ConfigurationSources Sources => new()
    {
        Files = ConfigurationFiles.Find("routes.json", Path, Path),
        WorkingDirectory = Path,
        SecretsDirectory = Secrets,
    };

    public string In(string name) => System.IO.Path.Combine(Path, name);

    public void Write(string name, string text) => File.WriteAllText(In(name), text);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    public static async Task<IReadOnlyList<ConfigurationError>> CheckAsync(ConfigurationSources sources, IProxyConfig? before = null)
    {
        await using var services = OfflineServices.Create(sources);
        return (await services.GetRequiredService<ConfigurationChecker>().CheckAsync(ConfigurationContent.Read(sources), before)).Errors;
    }
}
