using ArchUnitNET.Loader;
using BlazeGateway.CommandLine;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Profiling.Snapshots;

namespace BlazeGateway.Tests.Architecture;

public class DirectionTests
{
    private static readonly Lazy<ArchUnitNET.Domain.Architecture> Loaded = new(() => new ArchLoader()
        .LoadAssemblies(typeof(BlazeCommands).Assembly, typeof(AccessRecord).Assembly, typeof(MachineLimits).Assembly)
        .Build());

    /// <summary>The executable's folders, lowest first: what stands lower never uses what stands higher.</summary>
    private static readonly string[][] GatewayLayers =
    [
        ["Configuration"],
        ["Optimization", "Fleet", "Observability"],
        ["Api"],
        ["Hosting"],
        ["Bench", "Demo"],
        ["CommandLine"],
    ];

    /// <summary>The policies' folders, lowest first.</summary>
    private static readonly string[][] PoliciesLayers =
    [
        ["Destinations", "Inference", "Clients"],
        ["Resilience"],
        ["Health", "RateLimiting", "Admission"],
        ["LoadBalancing"],
        ["Pipeline"],
    ];

    private static FolderGraph Gateway() => FolderGraph.Of(Loaded.Value, "BlazeGateway");

    [Fact]
    public void The_graph_is_not_empty() =>
        Assert.NotEmpty(FolderGraph.Of(Loaded.Value, "BlazeGateway").Upward([["Policies"]]).Concat(Gateway().Upward([["Api"], ["Observability"]])));

    [Fact]
    public void The_gateways_folders_use_only_what_stands_lower() =>
        Breaches.AssertNone(Gateway().Upward([["Policies", "Profiling"], .. GatewayLayers]));

    [Fact]
    public void The_policies_folders_use_only_what_stands_lower() =>
        Breaches.AssertNone(FolderGraph.Of(Loaded.Value, "BlazeGateway.Policies").Upward(PoliciesLayers));

    [Theory]
    [InlineData("BlazeGateway")]
    [InlineData("BlazeGateway.Policies")]
    [InlineData("BlazeGateway.Profiling")]
    public void No_folders_go_round_in_a_circle(string space) => Breaches.AssertNone(FolderGraph.Of(Loaded.Value, space).Cycles());

    [Fact]
    public void A_circle_is_found()
    {
        var graph = new FolderGraph([("P.A.X", "P.B.Y"), ("P.B.Y", "P.C.Deep.Z"), ("P.C.Z", "P.A.Inner.W"), ("P.C.Z", "P.C.V"), ("P.C.Z", "System.String")], "P");
        Assert.StartsWith("A → B → C → A: P.A.X uses P.B.Y;", Assert.Single(graph.Cycles()), StringComparison.Ordinal);
        Assert.Empty(new FolderGraph([("P.A.X", "P.B.Y"), ("P.A.X", "P.C.Z"), ("P.B.Y", "P.C.Z"), ("P.Root", "P.A.X")], "P").Cycles());
    }

    [Fact]
    public void A_use_upwards_is_found()
    {
        var graph = new FolderGraph([("P.A.X", "P.B.Y"), ("P.B.Y", "P.A.X")], "P");
        Assert.Equal("A must not use B: P.A.X uses P.B.Y", Assert.Single(graph.Upward([["A"], ["B"]])));
    }
}
