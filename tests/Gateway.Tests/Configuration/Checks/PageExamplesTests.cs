using BlazeGateway.Configuration;
using BlazeGateway.Policies;

namespace BlazeGateway.Tests.Configuration.Checks;

/// <summary>Configurations that are shipped or shown have no mistakes, and set nothing that has no effect.</summary>
public sealed class PageExamplesTests : IDisposable
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(RepositoryFiles.Config, ".."));

    private readonly TestDirectory _directory = new();

    public static TheoryData<string> Pages =>
    [
        "README.md",
        .. Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/')),
    ];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Examples_of_routes_have_no_warning(string page)
    {
        foreach (var example in Blocks(page).Where(static block => block.Contains("\"ReverseProxy\"", StringComparison.Ordinal)))
        {
            // Clients stand in the other file, where there is one.
            var sources = new ConfigurationSources
            {
                Files = new ConfigurationFiles(),
                InMemoryRoutes = new RoutesText("page", example),
                CommandLine = [KeyValuePair.Create("Clients:Keys:a:KeyHash", new string('a', 64)), KeyValuePair.Create("Clients:Keys:a:Band", "critical")],
            };
            Assert.DoesNotContain(await TestDirectory.CheckAsync(sources), static finding => finding.Severity == ErrorSeverity.Warning);
        }
    }

    [Fact]
    public async Task Shipped_files_have_no_finding()
    {
        foreach (var file in new[] { "routes.json", "appsettings.json" })
        {
            _directory.Write(file, await File.ReadAllTextAsync(Path.Combine(RepositoryFiles.Config, file)));
        }

        Assert.Empty(await TestDirectory.CheckAsync(_directory.Sources));
    }

    [Fact]
    public async Task The_configuration_that_loses_nothing_has_no_finding_and_sets_what_it_is_about()
    {
        var blocks = Blocks("docs/reference/nothing-lost.md");
        _directory.Write("routes.json", blocks[0]);
        _directory.Write("appsettings.json", blocks[1]);

        Assert.Empty(await TestDirectory.CheckAsync(_directory.Sources));
        var loaded = ConfigurationLoader.Load(_directory.Sources);
        var snapshot = RoutesReader.Read(loaded.Root);
        var route = ExtensionsCarrier.Read(Assert.Single(snapshot.Routes));
        var cluster = ExtensionsCarrier.Read(Assert.Single(snapshot.Clusters));
        var process = loaded.ReadProcessOptions();
        Assert.NotEmpty(cluster.Capacity);
        Assert.True(cluster.Admission is { QueueLimit: > 0, CriticalReserve: > 0 } && cluster.Admission.QueueTimeout < route.Timeouts.Total);
        Assert.True(route is { Continuation.Enabled: true, Retry.MaxAttempts: > 1 });
        Assert.Equal(["batch", "critical"], process.Clients.Keys.Values.Select(static client => client.Band).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.True(process.Drain.Delay > TimeSpan.Zero && process.Drain.Timeout >= route.Timeouts.Total);
        Assert.Equal(4, (int)Math.Ceiling(cluster.Capacity["*"] * 2 * cluster.Admission.CriticalReserve));
    }

    private static string[] Blocks(string page) =>
        [.. File.ReadAllText(Path.Combine(Root, page)).Split("```json\n").Skip(1).Select(static part => part[..part.IndexOf("```", StringComparison.Ordinal)])];
}
