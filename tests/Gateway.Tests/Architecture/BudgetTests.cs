namespace BlazeGateway.Tests.Architecture;

public class BudgetTests
{
    private static readonly IReadOnlyList<SourceFile> Product = Repository.Sources("src");
    private static readonly IReadOnlyList<SourceFile> Everything = [.. Product, .. Repository.Sources("tests")];

    [Fact]
    public void The_sources_are_found() => Assert.True(Product.Count > 20, $"only {Product.Count} files under {Repository.Root}/src");

    [Fact]
    public void Files_fit() => Breaches.AssertNone(Everything.SelectMany(Budgets.LongFiles));

    [Fact]
    public void Methods_fit_on_a_screen() => Breaches.AssertNone(Product.SelectMany(Budgets.LongMethods));

    [Fact]
    public void Constructors_need_little() => Breaches.AssertNone(Product.SelectMany(Budgets.WideConstructors));

    [Fact]
    public void Comments_are_few() => Breaches.AssertNone(Product.SelectMany(Budgets.ManyComments));

    [Fact]
    public void Nothing_is_left_over() => Breaches.AssertNone(Everything.SelectMany(Budgets.Leftovers));

    [Fact]
    public void Names_say_something() => Breaches.AssertNone(Product.SelectMany(Budgets.EmptyNames));

    public static TheoryData<string, string> Projects()
    {
        var data = new TheoryData<string, string>();
        foreach (var folder in new[] { "src/Gateway", "src/Gateway.Policies", "src/Gateway.Profiling", "tests/Gateway.Tests", "tests/Gateway.Policies.Tests", "tests/Gateway.Profiling.Tests", "tests/Gateway.EndToEnd", "tests/Gateway.Benchmarks" })
        {
            data.Add(folder, "BlazeGateway" + Path.GetFileName(folder)["Gateway".Length..]);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Namespaces_are_folders(string project, string space) =>
        Breaches.AssertNone(Everything.Where(file => file.Path.StartsWith(project + "/", StringComparison.Ordinal)).SelectMany(file => Budgets.StrayNamespaces(file, project, space)));

    [Theory]
    [MemberData(nameof(Projects))]
    public void Projects_have_few_folders(string project, string space) =>
        Breaches.AssertNone(space.EndsWith("Tests", StringComparison.Ordinal) ? [] : Budgets.ManyFolders(project, Everything.Where(file => file.Path.StartsWith(project + "/", StringComparison.Ordinal))));
}
