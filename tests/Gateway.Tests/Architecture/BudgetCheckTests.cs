namespace BlazeGateway.Tests.Architecture;

/// <summary>Each check at its limit and one beyond, on samples: a check that cannot fail checks nothing.</summary>
public class BudgetCheckTests
{
    private static SourceFile File(string text, string path = "src/Gateway/Api/Sample.cs") => new(path, text);

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    [Theory]
    [InlineData("src/Gateway/Api/Sample.cs", Budgets.FileLines)]
    [InlineData("src/Gateway/Program.cs", Budgets.ProgramLines)]
    public void A_file_beyond_its_limit_is_found(string path, int limit)
    {
        Assert.Empty(Budgets.LongFiles(File(Repeat("\n", limit), path)));
        Assert.Single(Budgets.LongFiles(File(Repeat("\n", limit + 1), path)));
        Assert.Single(Budgets.LongFiles(File(Repeat("\n", limit) + "}", path)));
    }

    [Theory]
    [InlineData("void M()\n{{\n{0}}}\n", 3)]
    [InlineData("int P\n{{\nget\n{{\n{0}}}\n}}\n", 3)]
    [InlineData("C()\n{{\n{0}}}\n", 3)]
    [InlineData("int X =>\n{0}1;\n", 2)]
    public void A_method_beyond_its_limit_is_found(string shape, int frame)
    {
        Assert.Empty(Budgets.LongMethods(File("class C\n{\n" + string.Format(shape, Repeat("// a } in a comment\n", Budgets.MethodLines - frame)) + "}")));
        var breach = Assert.Single(Budgets.LongMethods(File("class C\n{\n" + string.Format(shape, Repeat("// a } in a comment\n", Budgets.MethodLines - frame + 1)) + "}")));
        Assert.Contains($"{Budgets.MethodLines + 1} lines", breach, StringComparison.Ordinal);
    }

    [Fact]
    public void Documentation_does_not_lengthen_a_method() =>
        Assert.Empty(Budgets.LongMethods(File("class C\n{\n" + Repeat("/// <summary>x</summary>\n", 80) + "void M()\n{\n}\n}")));

    [Theory]
    [InlineData("class C {{ public C({0}) {{ }} }}")]
    [InlineData("class C({0});")]
    [InlineData("record C {{ public C({0}) {{ }} }}")]
    [InlineData("struct C({0}) {{ }}")]
    public void A_constructor_that_needs_much_is_found(string shape)
    {
        static string Parameters(int count) => string.Join(", ", Enumerable.Range(0, count).Select(i => "int p" + i));
        Assert.Empty(Budgets.WideConstructors(File(string.Format(shape, Parameters(Budgets.Parameters)))));
        Assert.Single(Budgets.WideConstructors(File(string.Format(shape, Parameters(Budgets.Parameters + 1)))));
    }

    [Fact]
    public void Data_may_be_wide() =>
        Assert.Empty(Budgets.WideConstructors(File("record C(int A, int B, int C, int D, int E, int F, int G);")));

    [Fact]
    public void Too_many_comments_are_found()
    {
        Assert.Empty(Budgets.ManyComments(File(Repeat("// why\n", 8) + Repeat("class C;\n", 92))));
        Assert.Single(Budgets.ManyComments(File(Repeat("// why\n", 9) + Repeat("class C;\n", 91))));
        Assert.Single(Budgets.ManyComments(File("/*" + Repeat("\n", 8) + "*/\n" + Repeat("class C;\n", 91))));
        Assert.Empty(Budgets.ManyComments(File("// one\n// two\nclass C;\n")));
        Assert.Single(Budgets.ManyComments(File("// one\n// two\n// three\nclass C;\n")));
        Assert.Empty(Budgets.ManyComments(File(Repeat("/// <summary>x</summary>\n", 50) + "class C { string s = \"// no comment\"; }\n")));
    }

    [Theory]
    [InlineData("// TO" + "DO later", 1)]
    [InlineData("// FIX" + "ME", 1)]
    [InlineData("throw new NotImplemented" + "Exception();", 1)]
    [InlineData("  #reg" + "ion x", 1)]
    [InlineData("// a HA" + "CK", 1)]
    [InlineData("// todos are kept elsewhere; TODOS", 0)]
    [InlineData("var region = 1; // HACKS", 0)]
    public void Leftovers_are_found(string line, int expected) => Assert.Equal(expected, Budgets.Leftovers(File("\n" + line + "\n")).Count());

    [Theory]
    [InlineData("class RouteManager;", 1)]
    [InlineData("static class Utils;", 1)]
    [InlineData("interface IKeyService;", 1)]
    [InlineData("record NodeInfo;", 1)]
    [InlineData("enum PolicyBase { }", 1)]
    [InlineData("class Outer { struct InnerImpl { } }", 1)]
    [InlineData("class Serviceable;", 0)]
    [InlineData("class Information;", 0)]
    public void Empty_names_are_found(string text, int expected) => Assert.Equal(expected, Budgets.EmptyNames(File(text)).Count());

    [Theory]
    [InlineData("src/Gateway/Api/X.cs", "BlazeGateway.Api", 0)]
    [InlineData("src/Gateway/Demo/ModelServer/X.cs", "BlazeGateway.Demo.ModelServer", 0)]
    [InlineData("src/Gateway/X.cs", "BlazeGateway", 0)]
    [InlineData("src/Gateway/Api/X.cs", "BlazeGateway.Hosting", 1)]
    [InlineData("src/Gateway/Api/X.cs", "BlazeGateway", 1)]
    [InlineData("src/Gateway/Api/Pages/X.cs", "BlazeGateway.Api", 1)]
    public void Stray_namespaces_are_found(string path, string space, int expected) =>
        Assert.Equal(expected, Budgets.StrayNamespaces(File($"namespace {space};", path), "src/Gateway", "BlazeGateway").Count());

    [Theory]
    [InlineData(Budgets.Folders, 0)]
    [InlineData(Budgets.Folders + 1, 1)]
    public void Many_folders_are_found(int folders, int expected)
    {
        var files = Enumerable.Range(0, folders).SelectMany(i => new[] { File("", $"src/Gateway/F{i}/A.cs"), File("", $"src/Gateway/F{i}/Inner/B.cs") }).Append(File("", "src/Gateway/Program.cs"));
        Assert.Equal(expected, Budgets.ManyFolders("src/Gateway", files).Count());
    }
}
