using System.Diagnostics;
using System.Text.Json.Nodes;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary><c>blaze run --demo</c> as a visitor uses it.</summary>
public sealed class DemoTests
{
    private static readonly string[] Servers = ["fast", "slow", "flaky"];

    [Fact]
    public async Task It_prints_addresses_and_a_command_that_streams_stays_healthy_and_sums_up_at_Ctrl_C()
    {
        await using var demo = await BlazeProcess.ServeAsync(["--demo"]);
        using var admin = BlazeProcess.NewClient(demo.Admin);
        var banner = demo.Error;
        Assert.Contains($"  proxy      {demo.Proxy}v1\n", banner, StringComparison.Ordinal);
        Assert.Contains($"  admin      {demo.Admin}", banner, StringComparison.Ordinal);
        await demo.WaitForAsync(text => text.Contains("\"Hello\"}]}'", StringComparison.Ordinal));
        var command = demo.Error[(demo.Error.IndexOf("try:", StringComparison.Ordinal) + 4)..].Replace("\\\n", " ", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries)[0];

        var events = (await ShellAsync(command)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).ToList();
        Assert.True(events.Count > 10, $"{command} printed {events.Count} events.");
        Assert.Equal("data: [DONE]", events[^1]);

        await EventuallyAsync(async () =>
        {
            var metrics = await admin.GetStringAsync("/metrics");
            return Servers.All(server => Value(metrics, $"blaze_destination_requests_total{{cluster=\"demo\",destination=\"{server}\",result=\"ok\"}}") >= 10);
        });
        Assert.DoesNotMatch("blaze_destination_requests_total.*result=\"(error|timeout)\"} [1-9]", await admin.GetStringAsync("/metrics"));
        var demoCluster = JsonNode.Parse(await admin.GetStringAsync("/readyz?verbose"))!["clusters"]!["demo"]!;
        Assert.Equal((3, 3), ((int)demoCluster["available"]!, (int)demoCluster["destinations"]!));

        demo.Interrupt();
        Assert.Equal(0, await demo.ExitAsync());
        var summary = demo.Error[demo.Error.LastIndexOf("BlazeGateway stopped", StringComparison.Ordinal)..].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal(6, summary.Length);
        Assert.Matches(@"^requests     \d+: \d+ ok", summary[1]);
        Assert.Matches(@"^first token  p50 \d+ ms, p95 \d+ ms, of \d+ streams$", summary[2]);
        Assert.Matches(@"^tokens       [1-9]\d* in, [1-9]\d* out$", summary[3]);
        Assert.Matches(@"^attempts     [1-9]\d* on destinations$", summary[4]);
        Assert.Equal("config       version 1, the newest", summary[5]);
        Assert.DoesNotContain("\"@mt\":\"{method}", demo.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_in_a_terminal_ends_it_without_a_failed_request()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/setsid"), "setsid, which gives a program a process group, is not installed.");
        await using var demo = await BlazeProcess.ServeAsync(["--demo"], executable: "/usr/bin/setsid", library: Path.Combine(AppContext.BaseDirectory, "blaze"));
        using var admin = BlazeProcess.NewClient(demo.Admin);
        await EventuallyAsync(async () =>
        {
            var metrics = await admin.GetStringAsync("/metrics");
            return Servers.All(server => Value(metrics, $"blaze_destination_requests_total{{cluster=\"demo\",destination=\"{server}\",result=\"ok\"}}") >= 3);
        });
        var children = Children(demo.Id);

        demo.InterruptGroup();

        Assert.Equal(0, await demo.ExitAsync());
        Assert.DoesNotContain("   at ", demo.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", demo.Error, StringComparison.Ordinal);
        var requests = demo.Error.Split('\n').Single(line => line.StartsWith("  requests ", StringComparison.Ordinal));
        Assert.Matches(@"^  requests     \d+: \d+ ok(, \d+ client_canceled)?\r?$", requests);
        Assert.Equal(Servers.Length, children.Count);
        await EventuallyAsync(() => Task.FromResult(children.TrueForAll(child => !IsModelServer(child, demo.Id))));
    }

    [Fact]
    public async Task It_starts_as_somebody_without_a_file_is_told_and_its_model_servers_die_with_it_when_it_is_killed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Processes are found by /proc.");
        using var directory = new TemporaryDirectory();
        await using var lost = BlazeProcess.Start(["run"], directory.Path);
        Assert.Equal(2, await lost.ExitAsync());
        var told = lost.Error.Split('\n').Single(line => line.EndsWith(" run --demo", StringComparison.Ordinal)).Trim().Split(' ');
        await using var demo = await BlazeProcess.ServeAsync([.. told.Skip(3), "--no-traffic"], directory.Path, executable: told[0], library: told[1]);
        using var proxy = BlazeProcess.NewClient(demo.Proxy);
        await EventuallyAsync(async () => (await proxy.GetStringAsync("/v1/models")).Contains("demo-small", StringComparison.Ordinal));
        var children = Children(demo.Id);
        Assert.Equal(Servers.Length, children.Count);

        demo.Kill();

        await EventuallyAsync(() => Task.FromResult(children.TrueForAll(child => !IsModelServer(child, demo.Id))));
    }

    private static List<int> Children(int parent) =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit)).Select(name => int.Parse(name!, System.Globalization.CultureInfo.InvariantCulture))
            .Where(id => IsModelServer(id, parent))];

    private static bool IsModelServer(int id, int parent)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").Contains($"\0--parent\0{parent}\0", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static double Value(string metrics, string series)
    {
        var line = metrics.Split('\n').FirstOrDefault(line => line.StartsWith(series, StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[(series.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await condition())
        {
            await timer.WaitForNextTickAsync(patience.Token);
        }
    }

    private static async Task<string> ShellAsync(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var errors = shell.StandardError.ReadToEndAsync();
        var text = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.True(shell.ExitCode == 0, $"{command} ended with {shell.ExitCode}: {await errors}");
        return text;
    }
}
