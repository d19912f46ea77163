using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace BlazeGateway.EndToEnd.HostedApis;

/// <summary>The program <c>openssl s_server</c>, which asks for a client's certificate and says so when it refuses one.</summary>
internal sealed class OpenSslServer : IDisposable
{
    private readonly Process _process;

    private OpenSslServer(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public static async Task<OpenSslServer> StartAsync(string certificate, string key, string clients)
    {
        var start = new ProcessStartInfo(
            "openssl",
            ["s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-CAfile", clients, "-Verify", "2", "-verify_return_error", "-www"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("'openssl' is not on this machine; install OpenSSL to test against a server that refuses certificates with a reason.");
            throw;
        }

        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        const string Said = "ACCEPT 127.0.0.1:";
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(Said, StringComparison.Ordinal))
            {
                return new OpenSslServer(process, int.Parse(line[Said.Length..], CultureInfo.InvariantCulture));
            }
        }

        throw new InvalidOperationException($"openssl s_server ended with {process.ExitCode} before it listened.");
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }
}
