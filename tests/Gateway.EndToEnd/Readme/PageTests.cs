using System.Text.RegularExpressions;

namespace BlazeGateway.EndToEnd.Readme;

/// <summary>What the pages name exists.</summary>
public sealed partial class PageTests
{
    public static TheoryData<string> Pages =>
        [.. new[] { "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "src/Gateway.Policies/README.md", "src/Gateway.Profiling/README.md" }.Concat(
            Directory.EnumerateFiles(Path.Combine(MarkdownPage.Root, "docs"), "*.md", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(MarkdownPage.Root, file).Replace('\\', '/')).Order(StringComparer.Ordinal))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_link_leads_to_a_file(string path)
    {
        var folder = Path.GetDirectoryName(Path.Combine(MarkdownPage.Root, path))!;
        Assert.All(MarkdownPage.Read(path).Links, link => Assert.True(Path.Exists(Path.Combine(folder, link)), $"{path} links to {link}, which is not there."));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_path_in_code_exists(string path) => Assert.All(
        MarkdownPage.Read(path).Spans.Where(span => FilePath().IsMatch(span)),
        span => Assert.True(Path.Exists(Path.Combine(MarkdownPage.Root, span)), $"{path} names {span}, which is not there."));

    [Theory]
    [InlineData("docs/ARCHITECTURE.md")]
    public void Every_type_in_code_exists(string path)
    {
        var page = MarkdownPage.Read(path);
        var names = page.Spans.Where(span => TypeName().IsMatch(span))
            .Concat(page.Blocks.SelectMany(block => TwoHumps().Matches(block.Text)).Select(match => match.Value)).ToArray();
        Assert.True(names.Length > 30, $"{path} names only {names.Length} types.");
        Assert.All(names, name => Assert.True(ProductTypes.Has(name), $"{path} names {name}, which is no type."));
    }

    [GeneratedRegex(@"^(src|tests|docs|config|\.ci)/[\w./-]+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FilePath();

    [GeneratedRegex("^[A-Z][A-Za-z0-9]+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TypeName();

    [GeneratedRegex(@"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TwoHumps();
}
