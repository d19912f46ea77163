using System.Diagnostics;

namespace BlazeGateway.EndToEnd.Readme;

/// <summary><c>dotnet</c> as a process that is run to its end.</summary>
internal static class DotnetCommand
{
    /// <summary>Runs it and returns what it printed; fails with that when it ends with anything but 0.</summary>
    public static async Task<string> RunAsync(string directory, params string[] words)
    {
        var start = new ProcessStartInfo("dotnet", words)
        {
            WorkingDirectory = directory,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";

        // A build server that stays would hold the pipes open, and the test with them.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        var printed = await output + await errors;
        Assert.True(process.HasExited && process.ExitCode == 0, $"dotnet {string.Join(' ', words)} ended with {process.ExitCode}:\n{printed}");
        return printed;
    }
}
