using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using BlazeGateway.Configuration.Options;
using BlazeGateway.EndToEnd.Readme;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>The units for systemd are right, and leave a drain the time it may take.</summary>
public sealed partial class UnitFileTests
{
    private static readonly string[] Units = ["blaze.socket", "blaze.service"];

    [Fact]
    public void A_drain_ends_before_systemd_loses_patience()
    {
        var drain = new DrainOptions();
        var seconds = double.Parse(StopSeconds().Match(Text("blaze.service")).Groups["seconds"].Value, CultureInfo.InvariantCulture);
        Assert.True(TimeSpan.FromSeconds(seconds) > drain.Delay + drain.Timeout + TimeSpan.FromSeconds(2), $"{seconds} s");
    }

    [Fact]
    public async Task Systemd_understands_the_units()
    {
        const string Tool = "/usr/bin/systemd-analyze";
        Assert.SkipUnless(File.Exists(Tool), "systemd-analyze is not installed");
        using var directory = new TemporaryDirectory();

        // The program need not be installed to check what is said of it.
        var files = Units.Select(unit => directory.Write(unit, Text(unit).Replace("/opt/blaze/blaze", "/bin/true", StringComparison.Ordinal))).ToList();
        var start = new ProcessStartInfo(Tool, ["verify", "--man=no", .. files]) { UseShellExecute = false, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var said = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal((0, ""), (process.ExitCode, said));
    }

    private static string Text(string unit) => File.ReadAllText(Path.Combine(MarkdownPage.Root, "deploy", "systemd", unit));

    [GeneratedRegex(@"^TimeoutStopSec=(?<seconds>\d+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex StopSeconds();
}
