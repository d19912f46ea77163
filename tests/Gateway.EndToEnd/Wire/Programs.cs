using System.Diagnostics;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Programs other people wrote, which tests talk to the gateway with. A test that needs one that is not installed is skipped.</summary>
internal static class Programs
{
    /// <summary>Runs it to its end and returns what it printed on both.</summary>
    public static async Task<(int ExitCode, string Out)> RunAsync(string name, params string[] words)
    {
        Assert.SkipUnless(Array.Exists((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), folder => File.Exists(Path.Combine(folder, name))), $"{name} is not installed");
        var start = new ProcessStartInfo(name, words) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var both = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{name} {string.Join(' ', words)} did not end");
        }

        return (process.ExitCode, string.Concat(await both));
    }
}
