using System.IO.Compression;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using BlazeGateway.Policies.LoadBalancing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.EndToEnd.Readme;

/// <summary>The libraries as packages: what is in them, and an application of somebody else that has nothing but them.</summary>
public sealed class PackageTests
{
    private const int RequestsEach = 12;

    private static readonly string[] Eight =
    [
        Strategies.RoundRobin, Strategies.LeastConnections, Strategies.WeightedRoundRobin, Strategies.LeastResponseTime, Strategies.ConsistentHash, Strategies.Adaptive,
        Strategies.PowerOfTwoChoices, Strategies.LeastLoaded,
    ];

    [Fact]
    public async Task Another_application_balances_by_every_strategy_with_the_packages_alone()
    {
        using var folder = new TemporaryDirectory();
        var feed = Path.Combine(folder.Path, "feed");
        await PackAsync("Gateway.Policies", feed);
        await PackAsync("Gateway.Profiling", feed);
        CheckPackage(feed, "BlazeGateway.Policies", "Gateway.Policies", ["Polly.Core", "System.IO.Hashing", "Yarp.ReverseProxy", "prometheus-net"]);
        CheckPackage(feed, "BlazeGateway.Profiling", "Gateway.Profiling", []);

        await using var first = await DestinationAsync("first");
        await using var second = await DestinationAsync("second");
        var app = Path.Combine(folder.Path, "app");
        await WriteAsync(app, feed, first.Urls.Single(), second.Urls.Single());
        await DotnetCommand.RunAsync(app, "build", "-c", "Release", "-o", "out", "-v", "q");
        await using var process = BlazeProcess.Start(
            ["--urls", "http://127.0.0.1:0"], app, executable: "dotnet", library: Path.Combine(app, "out", "app.dll"));
        using var client = new HttpClient { BaseAddress = await AddressAsync(process) };
        foreach (var strategy in Eight)
        {
            var answers = new List<string>();
            for (var i = 0; i < RequestsEach; i++)
            {
                answers.Add(await client.GetStringAsync($"/{strategy}/x"));
            }

            Assert.All(answers, answer => Assert.True(answer is "first" or "second", answer));
            if (strategy == Strategies.ConsistentHash)
            {
                Assert.Single(answers.Distinct(StringComparer.Ordinal));
            }
            else if (strategy == Strategies.WeightedRoundRobin)
            {
                Assert.Equal((3, 9), (answers.Count(answer => answer == "first"), answers.Count(answer => answer == "second")));
            }
        }

        Assert.True(await client.GetStringAsync("/readme") is "first" or "second");
    }

    private static Task<string> PackAsync(string project, string feed) => DotnetCommand.RunAsync(
        MarkdownPage.Root, "pack", $"src/{project}", "--no-build", "-c", Configuration, "-o", feed, "-v", "q");

    private static string Configuration => Directory.GetParent(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar))!.Name;

    private static void CheckPackage(string feed, string id, string assembly, string[] dependencies)
    {
        using var package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(feed, id + ".*.nupkg")));
        var files = package.Entries.Select(entry => entry.FullName).Where(name => !name.StartsWith("_rels/", StringComparison.Ordinal)
            && !name.StartsWith("package/", StringComparison.Ordinal) && name != "[Content_Types].xml").Order(StringComparer.Ordinal);
        Assert.Equal([id + ".nuspec", "README.md", $"lib/net10.0/{assembly}.dll", $"lib/net10.0/{assembly}.xml"], files, StringComparer.Ordinal);
        using var nuspec = package.GetEntry(id + ".nuspec")!.Open();
        var root = XDocument.Load(nuspec).Root!;
        string Text(string name) => root.Descendants(root.Name.Namespace + name).Single().Value;
        Assert.Equal((id, "MIT", "README.md"), (Text("id"), Text("license"), Text("readme")));
        Assert.InRange(Text("description").Length, 40, 400);
        Assert.Equal(dependencies, root.Descendants(root.Name.Namespace + "dependency").Select(dependency => dependency.Attribute("id")!.Value).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.Single(Directory.GetFiles(feed, id + ".*.snupkg"));
    }

    /// <summary>The application of the package's README, with a route and a cluster for each strategy beside its own.</summary>
    private static async Task WriteAsync(string app, string feed, string first, string second)
    {
        var page = MarkdownPage.Read("src/Gateway.Policies/README.md");
        Directory.CreateDirectory(app);
        await File.WriteAllTextAsync(Path.Combine(app, "Program.cs"), page.Blocks.First(block => block.Language == "csharp").Text);
        var settings = JsonNode.Parse(page.Blocks.Single(block => block.Language == "json").Text)!;
        var routes = settings["ReverseProxy"]!["Routes"]!;
        var clusters = settings["ReverseProxy"]!["Clusters"]!;
        clusters["gpus"]!["Destinations"] = Destinations(first, second);
        foreach (var strategy in Eight)
        {
            routes[strategy] = new JsonObject { ["ClusterId"] = strategy, ["Match"] = new JsonObject { ["Path"] = $"/{strategy}/{{**rest}}" } };
            clusters[strategy] = new JsonObject
            {
                ["LoadBalancingPolicy"] = strategy,
                ["Destinations"] = Destinations(first, second),
                ["Extensions"] = new JsonObject { ["Weights"] = new JsonObject { ["gpu2"] = 3 } },
            };
        }

        await File.WriteAllTextAsync(Path.Combine(app, "appsettings.json"), settings.ToJsonString());
        var version = Path.GetFileNameWithoutExtension(Directory.GetFiles(feed, "BlazeGateway.Policies.*.nupkg").Single())["BlazeGateway.Policies.".Length..];
        await File.WriteAllTextAsync(Path.Combine(app, "app.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <UseAppHost>false</UseAppHost>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="BlazeGateway.Policies" Version="{version}" />
                <PackageReference Include="BlazeGateway.Profiling" Version="{version}" />
              </ItemGroup>
            </Project>
            """);

        // The machine's own packages are a feed too, so nothing is fetched; packages of this test go where they leave with it.
        var machine = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        await File.WriteAllTextAsync(Path.Combine(app, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="packages" /></config>
              <packageSources>
                <clear />
                <add key="feed" value="{feed}" />
                <add key="machine" value="{machine}" />
              </packageSources>
            </configuration>
            """);
    }

    private static JsonObject Destinations(string first, string second) => new()
    {
        ["gpu1"] = new JsonObject { ["Address"] = first },
        ["gpu2"] = new JsonObject { ["Address"] = second },
    };

    private static async Task<Uri> AddressAsync(BlazeProcess process)
    {
        const string Before = "Now listening on: ";
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            var at = process.Out.IndexOf(Before, StringComparison.Ordinal);
            if (at >= 0 && process.Out[at..].Contains('\n', StringComparison.Ordinal))
            {
                return new Uri(process.Out[(at + Before.Length)..].Split('\n')[0].Trim());
            }

            Assert.False(process.HasExited, $"The application ended:\n{process.Out}\n{process.Error}");
            await timer.WaitForNextTickAsync(patience.Token);
        }
    }

    private static async Task<WebApplication> DestinationAsync(string says)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(http => http.Response.WriteAsync(says));
        await app.StartAsync();
        return app;
    }
}
