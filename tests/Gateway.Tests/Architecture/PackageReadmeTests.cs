using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace BlazeGateway.Tests.Architecture;

/// <summary>The programs in the READMEs of the packages compile as they stand, and the one that needs no proxy runs.</summary>
public partial class PackageReadmeTests
{
    private const string Usings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Net.Http;
        global using System.Threading; global using System.Threading.Tasks; global using Microsoft.AspNetCore.Builder; global using Microsoft.AspNetCore.Http;
        global using Microsoft.AspNetCore.Routing; global using Microsoft.Extensions.Configuration; global using Microsoft.Extensions.DependencyInjection;
        """;

    public static TheoryData<string> Readmes => ["src/Gateway.Policies/README.md", "src/Gateway.Profiling/README.md"];

    [Theory]
    [MemberData(nameof(Readmes))]
    public void Every_program_compiles(string path) => Assert.All(Programs(path), program => Assert.NotEmpty(Compile(program)));

    [Fact]
    public async Task The_program_without_a_proxy_runs()
    {
        await using var server = await ServeAsync();
        var port = new Uri(server.Urls.Single()).Port.ToString(CultureInfo.InvariantCulture);
        var program = Destination().Replace(Assert.Single(Programs(Readmes.First()), text => text.Contains("LoadBalancer.Create()", StringComparison.Ordinal)), $"\"127.0.0.1\", {port}");
        Assert.Contains($"\"gpu2\", \"127.0.0.1\", {port}", program, StringComparison.Ordinal);
        var main = Assembly.Load(Compile(program)).EntryPoint!;
        main.Invoke(null, main.GetParameters().Length == 0 ? [] : [Array.Empty<string>()]);
        Assert.Equal(1, _asked);
    }

    private int _asked;

    private static IReadOnlyList<string> Programs(string path) =>
        [.. Block().Matches(File.ReadAllText(Path.Combine(Repository.Root, path)).ReplaceLineEndings("\n")).Select(match => match.Groups["code"].Value)];

    private static byte[] Compile(string program)
    {
        var assemblies = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(file => MetadataReference.CreateFromFile(file));
        var compilation = CSharpCompilation.Create(
            "readme" + Guid.NewGuid().ToString("N"),
            [CSharpSyntaxTree.ParseText(Usings), CSharpSyntaxTree.ParseText(program)],
            assemblies,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)) + "\n" + program);
        return image.ToArray();
    }

    private async Task<WebApplication> ServeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls($"http://{IPAddress.Loopback}:0");
        var app = builder.Build();
        app.Run(http =>
        {
            Interlocked.Increment(ref _asked);
            return http.Response.WriteAsync(http.Request.Path == "/v1/models" ? "{}" : "not asked for");
        });
        await app.StartAsync();
        return app;
    }

    [GeneratedRegex(@"```csharp\n(?<code>.*?)\n```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Block();

    [GeneratedRegex(@"""10\.0\.0\.\d"", 8000", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Destination();
}
