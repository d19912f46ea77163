using System.Diagnostics;
using System.Net;
using System.Text;

namespace BlazeGateway.EndToEnd;

/// <summary>The built <c>blaze</c> as a process of its own, with everything it prints. Ends with the test.</summary>
internal sealed class BlazeProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _error = new();

    private BlazeProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Append(_out, line.Data);
        process.ErrorDataReceived += (_, line) => Append(_error, line.Data);
    }

    /// <summary>Process id.</summary>
    public int Id => _process.Id;

    /// <summary>Address clients use, once printed.</summary>
    public Uri Proxy { get; private set; } = null!;

    /// <summary>Address operators use, once printed.</summary>
    public Uri Admin { get; private set; } = null!;

    /// <summary>Everything on stdout so far.</summary>
    public string Out => Text(_out);

    /// <summary>Everything on stderr so far.</summary>
    public string Error => Text(_error);

    /// <summary>The exit code, once it ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Whether it ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts <c>blaze</c> with these words; <paramref name="executable"/>, which may need a <paramref name="library"/> to run, in place of the one built with the tests.</summary>
    public static BlazeProcess Start(
        IEnumerable<string> words, string? directory = null, IReadOnlyDictionary<string, string>? environment = null, string? executable = null, string? library = null)
    {
        var start = new ProcessStartInfo(executable ?? (Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet"))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = directory ?? AppContext.BaseDirectory,
        };
        if ((executable is null ? Path.Combine(AppContext.BaseDirectory, "blaze.dll") : library) is { } run)
        {
            start.ArgumentList.Add(run);
        }

        foreach (var word in words)
        {
            start.ArgumentList.Add(word);
        }

        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";

        // Nobody asks these whether they are ready; what tests the delay sets it.
        start.Environment["BLAZE_Drain__Delay"] = "00:00:00";
        foreach (var (name, value) in environment ?? System.Collections.Immutable.ImmutableDictionary<string, string>.Empty)
        {
            start.Environment[name] = value;
        }

        var process = new BlazeProcess(Process.Start(start)!);
        process._process.BeginOutputReadLine();
        process._process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Starts <c>blaze run</c> on ports of the system's choice and waits until it serves.</summary>
    public static async Task<BlazeProcess> ServeAsync(
        IEnumerable<string> words,
        string? directory = null,
        IReadOnlyDictionary<string, string>? environment = null,
        string? executable = null,
        string? library = null,
        string adminUrl = "http://127.0.0.1:0")
    {
        var process = Start(["run", "--urls", "http://127.0.0.1:0", "--admin-url", adminUrl, .. words], directory, environment, executable, library);
        await process.WaitForAsync(text => text.Contains("  metrics    ", StringComparison.Ordinal));
        process.Proxy = Printed(process.Error, "  proxy      ", "/v1");
        process.Admin = Printed(process.Error, "  metrics    ", "/metrics");
        return process;
    }

    /// <summary>Waits until what it printed on stderr fulfils <paramref name="condition"/>.</summary>
    public async Task WaitForAsync(Predicate<string> condition, int seconds = 60)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!condition(Error))
        {
            if (_process.HasExited)
            {
                await _process.WaitForExitAsync(CancellationToken.None);
                Assert.True(condition(Error), $"blaze ended with {_process.ExitCode} and printed:\n{Error}\n{Out}");
                return;
            }

            try
            {
                await timer.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"blaze did not print what was waited for:\n{Error}\n{Out}");
            }
        }
    }

    /// <summary>Waits until it ends and returns its exit code.</summary>
    public async Task<int> ExitAsync(int seconds = 60)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    /// <summary>Sends SIGTERM.</summary>
    public void Terminate() => Signal("-TERM");

    /// <summary>Sends SIGINT, as Ctrl+C does.</summary>
    public void Interrupt() => Signal("-INT");

    /// <summary>Sends SIGINT to it and all others of its process group, as a terminal does at Ctrl+C. It must have a group of its own.</summary>
    public void InterruptGroup() => Signal("-INT", group: true);

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public void Kill() => _process.Kill();

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Terminate();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }

    /// <summary>A client that uses no proxy, follows nothing and waits long.</summary>
    public static HttpClient NewClient(Uri address) => new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None })
    {
        BaseAddress = address,
        Timeout = TimeSpan.FromSeconds(100),
    };

    /// <summary>Sends a signal.</summary>
    public void Signal(string name, bool group = false)
    {
        using var kill = Process.Start("kill", [name, "--", (group ? -Id : Id).ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static Uri Printed(string text, string before, string after)
    {
        var from = text.IndexOf(before, StringComparison.Ordinal) + before.Length;
        var end = text.IndexOfAny(['\r', '\n'], from);
        var address = end < 0 ? text[from..] : text[from..end];
        return new Uri(address[..address.IndexOf(after, "http://x".Length, StringComparison.Ordinal)]);
    }

    private static void Append(StringBuilder text, string? line)
    {
        lock (text)
        {
            text.AppendLine(line);
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
