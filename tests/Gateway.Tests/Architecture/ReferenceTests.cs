namespace BlazeGateway.Tests.Architecture;

public class ReferenceTests
{
    private static readonly Dictionary<string, (string[] Projects, string[] Packages, string[] MustNotSee)> Rules = new(StringComparer.Ordinal)
    {
        ["Gateway.Profiling"] = (
            [],
            ["Microsoft.Diagnostics.NETCore.Client", "Microsoft.Diagnostics.Tracing.TraceEvent", "prometheus-net"],
            ["Yarp", "Polly", "StackExchange.Redis", "Serilog", "BlazeGateway.Policies", "Gateway.Policies"]),
        ["Gateway.Policies"] = (
            [],
            ["Yarp.ReverseProxy", "Polly.Core", "prometheus-net", "Microsoft.ML.Tokenizers", "System.IO.Hashing"],
            [
                "BlazeGateway.Profiling", "Gateway.Profiling", "StackExchange.Redis", "Serilog", "System.Console", "System.IO.File", "System.IO.FileInfo",
                "System.IO.FileStream", "System.IO.Directory", "System.IO.DirectoryInfo",
            ]),
        ["Gateway"] = (
            ["Gateway.Policies", "Gateway.Profiling"],
            [
                "Yarp.ReverseProxy", "Polly.Core", "prometheus-net", "prometheus-net.AspNetCore", "Serilog.AspNetCore", "Serilog.Formatting.Compact", "Serilog.Sinks.Async",
                "StackExchange.Redis", "System.CommandLine", "Spectre.Console", "NJsonSchema", "HdrHistogram", "MathNet.Numerics", "OpenTelemetry.Extensions.Hosting",
                "OpenTelemetry.Exporter.OpenTelemetryProtocol", "OpenTelemetry.Instrumentation.AspNetCore",
            ],
            ["Xunit", "xunit.v3.core", "Gateway.Tests", "Gateway.Policies.Tests", "Gateway.EndToEnd"]),
    };

    public static TheoryData<string> Projects() => [.. Rules.Keys];

    private static string ProjectFile(string project) => File.ReadAllText(Path.Combine(Repository.Root, "src", project, project + ".csproj"));

    private static string AssemblyFile(string project) => Path.Combine(AppContext.BaseDirectory, (project == "Gateway" ? "blaze" : project) + ".dll");

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_to_what_it_may(string project)
    {
        var (projects, packages, _) = Rules[project];
        var xml = ProjectFile(project);
        Breaches.AssertNone(References.Unexpected(project, References.Declared(xml, "ProjectReference"), projects));
        Breaches.AssertNone(References.Unexpected(project, References.Declared(xml, "PackageReference"), packages));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void An_assembly_mentions_nothing_it_must_not_see(string project) =>
        Breaches.AssertNone(References.Forbidden(project, References.Mentioned(AssemblyFile(project)), Rules[project].MustNotSee));

    [Fact]
    public void A_reference_that_is_not_allowed_is_found()
    {
        const string xml = """<Project><ItemGroup><ProjectReference Include="..\Gateway.Profiling\Gateway.Profiling.csproj" /><PackageReference Include="Serilog" /></ItemGroup></Project>""";
        Assert.Equal(["Gateway.Profiling"], References.Declared(xml, "ProjectReference"));
        Assert.Single(References.Unexpected("Gateway.Policies", References.Declared(xml, "ProjectReference"), []));
        Assert.Single(References.Unexpected("Gateway.Policies", References.Declared(xml, "PackageReference"), ["Polly.Core"]));
        Assert.Empty(References.Unexpected("Gateway", References.Declared(xml, "PackageReference"), ["Serilog"]));
    }

    [Fact]
    public void A_forbidden_type_is_found_and_one_that_begins_alike_is_not()
    {
        var mentioned = References.Mentioned(AssemblyFile("Gateway"));
        Assert.NotEmpty(References.Forbidden("Gateway", mentioned, ["Serilog"]));
        Assert.NotEmpty(References.Forbidden("Gateway", mentioned, ["System.IO.StreamReader"]));
        Assert.Empty(References.Forbidden("Gateway", ["System.IO.FileShare"], ["System.IO.File"]));
    }
}
