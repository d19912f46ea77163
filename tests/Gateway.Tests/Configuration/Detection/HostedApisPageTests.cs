using BlazeGateway.Configuration;
using BlazeGateway.Policies;

namespace BlazeGateway.Tests.Configuration.Detection;

public sealed class HostedApisPageTests
{
    [Fact]
    public async Task Every_example_of_the_page_is_a_valid_configuration_of_its_kind()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Root(), "docs", "reference", "hosted-apis.md"));
        var examples = page.Split("```json\n").Skip(1).Select(part => part[..part.IndexOf("```", StringComparison.Ordinal)]).ToArray();
        var kinds = new List<string>();
        foreach (var example in examples)
        {
            var sources = new ConfigurationSources { Files = new ConfigurationFiles(), InMemoryRoutes = new RoutesText("page", example) };
            Assert.DoesNotContain(await TestDirectory.CheckAsync(sources), f => f.Severity == ErrorSeverity.Error);
            var loaded = RoutesReader.Read(ConfigurationLoader.Load(sources).Root);
            kinds.Add(ExtensionsCarrier.Read(Assert.Single(loaded.Clusters)).ModelServer!.Kind);
        }

        Assert.Equal("openai azure-openai anthropic openai", string.Join(' ', kinds));
    }

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "BlazeGateway.sln")))
        {
            directory = directory.Parent;
        }

        return directory.FullName;
    }
}
