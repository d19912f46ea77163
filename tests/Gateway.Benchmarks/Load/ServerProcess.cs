using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Load;

/// <summary>A server in its own process, with what it used so far; ends with this object, children included.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const int KeptLines = 30;
    private const double TicksPerSecond = 100;
    private readonly Process _process;
    private readonly Queue<string> _lines = new();

    private readonly TaskCompletionSource<Uri> _announced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ServerPlan _plan;
    private readonly TimeProvider _time;

    private ServerProcess(Process process, ServerPlan plan, TimeProvider time)
    {
        _process = process;
        _plan = plan;
        _time = time;
        Url = plan.Url;
    }

    /// <summary>Where it serves.</summary>
    public Uri Url { get; private set; }

    /// <summary>Starts <paramref name="plan"/> and waits until it serves.</summary>
    /// <exception cref="InvalidOperationException">It ended or did not serve within 20 s; the message holds its last lines.</exception>
    public static async Task<ServerProcess> StartAsync(ServerPlan plan, HttpClient client, TimeProvider time, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(plan.FileName, plan.Arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove(LoaderProcess.InlineCompletions);
        start.Environment.Remove(LoaderProcess.SocketThreads);
        foreach (var (name, value) in plan.Environment)
        {
            start.Environment[name] = value;
        }

        var server = new ServerProcess(new Process { StartInfo = start }, plan, time);
        server._process.OutputDataReceived += (_, line) => server.Printed(line.Data);
        server._process.ErrorDataReceived += (_, line) => server.Keep(line.Data);
        try
        {
            server._process.Start();
        }
        catch (Win32Exception error)
        {
            throw new InvalidOperationException($"'{plan.FileName}' cannot be started: {error.Message}", error);
        }

        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        try
        {
            await (plan.Announcement is null ? server.WaitUntilReadyAsync(plan.ReadyUrl ?? plan.Url, client, cancellation) : server.WaitUntilAnnouncedAsync(cancellation));
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        return server;
    }

    /// <summary>CPU time of the process and its children, user and system, in seconds (the kernel counts in steps of 10 ms).</summary>
    public double CpuSeconds => Tree().Sum(stat => stat.CpuTicks) / TicksPerSecond;

    /// <summary>Resident memory of the process and its children, bytes.</summary>
    public long ResidentBytes => Tree().Sum(stat => stat.ResidentPages) * Environment.SystemPageSize;

    /// <summary>Sends it a signal, such as <c>STOP</c> or <c>CONT</c>.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Ends it as <c>kill -9</c> does and returns once it is gone.</summary>
    public Task KillAsync(CancellationToken cancellation)
    {
        _process.Kill();
        return _process.WaitForExitAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await EndAsync();
        }
        catch (InvalidOperationException)
        {
            // It never started or has ended by itself.
        }

        _process.Dispose();
    }

    private async Task EndAsync()
    {
        if (_process.HasExited)
        {
            return;
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3), _time);
        try
        {
            // Asked to end, a server takes its own children along; killed, it leaves them unreaped.
            using var ask = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or Win32Exception)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
    }

    private async Task WaitUntilReadyAsync(Uri url, HttpClient client, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        while (!deadline.IsCancellationRequested && !_process.HasExited)
        {
            try
            {
                using var response = await client.GetAsync(url, either.Token);
                if ((int)response.StatusCode < 400)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
            catch (OperationCanceledException) when (deadline.IsCancellationRequested)
            {
                break;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, cancellation);
        }

        throw NotReady($"did not answer {url}");
    }

    private async Task WaitUntilAnnouncedAsync(CancellationToken cancellation)
    {
        var ended = _process.WaitForExitAsync(cancellation);
        var first = await Task.WhenAny(_announced.Task, ended, Task.Delay(TimeSpan.FromSeconds(20), _time, cancellation));
        cancellation.ThrowIfCancellationRequested();
        Url = first == _announced.Task ? await _announced.Task : throw NotReady($"did not print '{_plan.Announcement}'");
    }

    private InvalidOperationException NotReady(string what)
    {
        var state = _process.HasExited ? $"ended with {_process.ExitCode}" : what + " within 20 s";
        return new InvalidOperationException($"'{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)}' {state}: {LastLines()}");
    }

    private void Printed(string? line)
    {
        Keep(line);
        if (_plan.Announcement is { } before && line?.StartsWith(before, StringComparison.Ordinal) == true)
        {
            _announced.TrySetResult(new Uri(line[before.Length..].Trim()));
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > KeptLines)
            {
                _lines.Dequeue();
            }
        }
    }

    private string LastLines()
    {
        lock (_lines)
        {
            return string.Join(Environment.NewLine, _lines);
        }
    }

    private List<ProcessStat> Tree()
    {
        var all = Directory.EnumerateDirectories("/proc")
            .Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0]))
            .Select(ProcessStat.Read)
            .OfType<ProcessStat>()
            .ToLookup(stat => stat.Parent);
        var tree = new List<ProcessStat>();
        var left = new Stack<ProcessStat>(all.SelectMany(group => group).Where(stat => stat.Id == _process.Id));
        while (left.TryPop(out var stat))
        {
            tree.Add(stat);
            foreach (var child in all[stat.Id])
            {
                left.Push(child);
            }
        }

        return tree;
    }

    private sealed record ProcessStat(int Id, int Parent, long CpuTicks, long ResidentPages)
    {
        public static ProcessStat? Read(string directory)
        {
            try
            {
                var text = File.ReadAllText(Path.Combine(directory, "stat"));
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                long At(int field) => long.Parse(fields[field - 3], CultureInfo.InvariantCulture);
                return new ProcessStat(int.Parse(Path.GetFileName(directory), CultureInfo.InvariantCulture), (int)At(4), At(14) + At(15), At(24));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }
}
