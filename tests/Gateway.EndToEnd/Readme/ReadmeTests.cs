using System.Text.RegularExpressions;

namespace BlazeGateway.EndToEnd.Readme;

/// <summary>Runs the README from top to bottom, as a reader would.</summary>
public sealed partial class ReadmeTests
{
    private static readonly MarkdownPage Page = MarkdownPage.Read("README.md");

    [Fact]
    public async Task Every_block_does_what_the_page_says()
    {
        await using var reader = await ReadmeReader.StartAsync();
        foreach (var block in Page.Blocks)
        {
            switch (block.Language)
            {
                case "sh":
                    await reader.RunAsync(block.Text);
                    break;
                case "json":
                    await reader.SaveAsync(block.Text);
                    break;
                case "text":
                    Assert.All(Names(block.Text), name => Assert.True(ProductTypes.Has(name), $"The drawing names {name}, which is no type."));
                    break;
                default:
                    Assert.Fail($"No test knows how to run a block of the kind '{block.Language}':\n{block.Text}");
                    break;
            }
        }

        Assert.True(reader.Requests >= 9 * ReadmeReader.Times, $"Only {reader.Requests} requests were made.");
    }

    [Fact]
    public void It_is_short_enough_to_be_read() => Assert.InRange(File.ReadAllLines(Path.Combine(MarkdownPage.Root, "README.md")).Length, 50, 250);

    // In a drawing a step begins its line and is followed by its description.
    private static IEnumerable<string> Names(string drawing) => Step().Matches(drawing).Select(match => match.Groups["name"].Value);

    [GeneratedRegex(@"^ +(?<name>[A-Z][A-Za-z]+)  ", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Step();
}
