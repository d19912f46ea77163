using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using BlazeGateway.EndToEnd.Readme;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>The program <c>node/calls.mjs</c> with its library, installed from the lock file into a directory of its own, once for a class of tests.</summary>
public sealed class NodeProgram : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private string? _missing;

    public async ValueTask InitializeAsync()
    {
        _missing = await FindMissingAsync();
        if (_missing is not null)
        {
            return;
        }

        foreach (var file in Directory.GetFiles(Path.Combine(MarkdownPage.Root, "tests", "Gateway.EndToEnd", "Sdk", "node")))
        {
            File.Copy(file, Path.Combine(_directory.Path, Path.GetFileName(file)));
        }

        await RunAsync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    }

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return default;
    }

    /// <summary>Runs the program and returns what it printed. Skips the test where Node.js is not installed.</summary>
    internal async Task<JsonObject> CallAsync(string mode, Uri address, Uri server)
    {
        Assert.SkipWhen(_missing is not null, $"'{_missing}' is not on this machine; install Node.js 20 or later with npm to run the official OpenAI library for JavaScript.");
        var printed = await RunAsync("node", ["calls.mjs", mode, address.ToString().TrimEnd('/'), server.ToString().TrimEnd('/')]);
        return JsonNode.Parse(printed)!.AsObject();
    }

    private static async Task<string?> FindMissingAsync()
    {
        foreach (var program in new[] { "node", "npm" })
        {
            try
            {
                using var process = Process.Start(new ProcessStartInfo(program, "--version") { RedirectStandardOutput = true, UseShellExecute = false })!;
                await process.StandardOutput.ReadToEndAsync();
            }
            catch (Win32Exception)
            {
                return program;
            }
        }

        return null;
    }

    private async Task<string> RunAsync(string program, string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo(program, words)
        {
            WorkingDirectory = _directory.Path,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(patience.Token);
            var errors = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', words)} ended with {process.ExitCode}:\n{await output}\n{await errors}");
            return await output;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
