using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>The long form: a published <c>blaze</c> runs from any directory, its demo too. Run with <c>-explicit only</c>.</summary>
public sealed class PublishedTests
{
    [Fact(Explicit = true)]
    public async Task A_published_gateway_runs_its_demo_from_any_directory()
    {
        using var published = new TemporaryDirectory();
        using var elsewhere = new TemporaryDirectory();
        using (var publish = Process.Start(new ProcessStartInfo("dotnet", ["publish", "src/Gateway", "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-o", published.Path, "-v", "q", "-nologo"])
        {
            WorkingDirectory = Readme.MarkdownPage.Root,
            UseShellExecute = false,
        })!)
        {
            await publish.WaitForExitAsync();
            Assert.Equal(0, publish.ExitCode);
        }

        var blaze = Path.Combine(published.Path, "blaze");
        await using var demo = await BlazeProcess.ServeAsync(["--demo", "--no-traffic"], elsewhere.Path, executable: blaze);
        using var proxy = BlazeProcess.NewClient(demo.Proxy);
        Assert.Contains("demo-small", await proxy.GetStringAsync("/v1/models"), StringComparison.Ordinal);
        await using var lost = BlazeProcess.Start(["run"], elsewhere.Path, executable: blaze);
        Assert.Equal(2, await lost.ExitAsync());
        Assert.Contains($"  {blaze} run --demo", lost.Error, StringComparison.Ordinal);
    }
}
