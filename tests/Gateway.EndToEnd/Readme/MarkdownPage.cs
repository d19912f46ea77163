using System.Text.RegularExpressions;

namespace BlazeGateway.EndToEnd.Readme;

/// <summary>A page of the documentation, read for what can be checked.</summary>
internal sealed partial class MarkdownPage
{
    private MarkdownPage(string path, string text)
    {
        Path = path;
        var prose = new List<string>();
        var blocks = new List<MarkdownBlock>();
        List<string>? open = null;
        var language = "";
        foreach (var line in text.Split('\n'))
        {
            if (!line.StartsWith("```", StringComparison.Ordinal))
            {
                (open ?? prose).Add(line);
            }
            else if (open is null)
            {
                open = [];
                language = line[3..].Trim();
            }
            else
            {
                blocks.Add(new MarkdownBlock(language, string.Join('\n', open)));
                open = null;
            }
        }

        Assert.True(open is null, $"{path}: a block is not closed.");
        Prose = prose;
        Blocks = blocks;
    }

    /// <summary>The directory the solution is in.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Path from the root.</summary>
    public string Path { get; }

    /// <summary>Fenced blocks, in order.</summary>
    public IReadOnlyList<MarkdownBlock> Blocks { get; }

    /// <summary>Lines outside the blocks.</summary>
    public IReadOnlyList<string> Prose { get; }

    /// <summary>Text between single backticks outside the blocks.</summary>
    public IEnumerable<string> Spans => Prose.SelectMany(line => Span().Matches(line)).Select(match => match.Groups["text"].Value).Distinct(StringComparer.Ordinal);

    /// <summary>Targets of links that are not on the internet.</summary>
    public IEnumerable<string> Links => Prose.SelectMany(line => Link().Matches(line)).Select(match => match.Groups["target"].Value)
        .Where(link => !link.StartsWith("http", StringComparison.Ordinal)).Select(link => link.Split('#')[0]).Where(link => link.Length > 0);

    /// <summary>Reads a page.</summary>
    /// <param name="path">Path from the root.</param>
    public static MarkdownPage Read(string path) => new(path, File.ReadAllText(System.IO.Path.Combine(Root, path)).ReplaceLineEndings("\n"));

    /// <summary>Cells of the table rows whose first cell is one piece of code, in the section that begins with <paramref name="heading"/> (null: everywhere).</summary>
    public IReadOnlyList<string[]> Rows(string? heading = null)
    {
        var lines = heading is null
            ? Prose
            : [.. Prose.SkipWhile(line => line != heading).Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))];
        return
        [
            .. lines.Where(line => line.StartsWith("| `", StringComparison.Ordinal))
                .Select(line => line[1..^1].Split('|', StringSplitOptions.TrimEntries)),
        ];
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(System.IO.Path.Combine(folder!.FullName, "BlazeGateway.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    [GeneratedRegex("`(?<text>[^`]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Span();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();
}

/// <summary>A fenced block.</summary>
/// <param name="Language">The word after the opening fence.</param>
/// <param name="Text">What it holds.</param>
internal sealed record MarkdownBlock(string Language, string Text);
