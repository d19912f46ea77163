namespace BlazeGateway.EndToEnd.Readme;

/// <summary>The way the README starts everything: <c>dotnet run</c> from the root of a clone.</summary>
public sealed class FromSourceTests
{
    [Fact]
    public async Task Dotnet_run_finds_paths_from_the_directory_it_is_called_in()
    {
        var configuration = Directory.GetParent(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar))!.Name;
        await using var blaze = BlazeProcess.Start(
            ["run", "--no-build", "-c", configuration, "--project", "src/Gateway", "--", "validate", "--config", "config/routes.json"], MarkdownPage.Root, executable: "dotnet");

        Assert.True(await blaze.ExitAsync() == 0, $"It ended with {blaze.ExitCode}:\n{blaze.Error}\n{blaze.Out}");
        Assert.Contains("config/routes.json is valid", blaze.Error, StringComparison.Ordinal);
    }
}
