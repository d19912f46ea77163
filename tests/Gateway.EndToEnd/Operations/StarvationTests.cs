using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>A thread pool of which every thread is blocked. It is this program's own, so each case runs in a process of its own.</summary>
[Collection(nameof(Alone))]
public sealed class StarvationTests
{
    private const int Blocked = 2000;

    [Theory]
    [InlineData(nameof(Operators_are_told_the_cause), 0)]
    [InlineData(nameof(The_process_ends_with_70), 70)]
    public async Task In_a_process_of_its_own(string name, int exitCode)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(StarvationTests).Assembly.Location, "-noLogo", "-noColor", "-showLiveOutput", "-explicit", "only", "-method", $"*{nameof(StarvationTests)}.{name}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == exitCode, $"{process.ExitCode}\n{said}\n{await errors}");
        TestContext.Current.TestOutputHelper!.WriteLine(string.Join('\n', said.Split('\n').Where(static line => line.Contains("[OUTPUT]", StringComparison.Ordinal))));
        Assert.Contains("The process is stuck", await errors, StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public async Task Operators_are_told_the_cause()
    {
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([new Uri("http://127.0.0.1:9")]));
        var admin = gateway.Host.Listeners.AdminAddress.Port;
        var (answer, took) = await StarvedAsync(() => Until(() => Ask(admin, "/livez"), static text => text.Contains("503", StringComparison.Ordinal)));
        TestContext.Current.TestOutputHelper!.WriteLine($"/livez told the cause {took.TotalSeconds:0.00} s after the pool stood still: {answer.Split('\n')[^2]}");
        Assert.Contains("stuck: the thread pool has run nothing for 2.", answer, StringComparison.Ordinal);
        Assert.InRange(took, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3.5));
        Assert.Equal("ok\n", await gateway.Admin.GetStringAsync("/livez"));
    }

    [Fact(Explicit = true)]
    public async Task The_process_ends_with_70()
    {
        await using var gateway = await GatewayFixture.StartAsync(GatewayFixture.Routes([new Uri("http://127.0.0.1:9")]), null, ("Watchdog:ExitWhenStuck", "true"));
        await StarvedAsync(static () => Until(static () => "", static _ => false));
        Assert.Fail("The process goes on.");
    }

    /// <summary>Runs <paramref name="look"/> on a thread of its own while no thread of the pool does anything.</summary>
    private static Task<(string Answer, TimeSpan Took)> StarvedAsync(Func<string> look)
    {
        var done = new TaskCompletionSource<(string, TimeSpan)>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            using var gate = new ManualResetEventSlim();
            using var left = new CountdownEvent(Blocked);
            for (var i = 0; i < Blocked; i++)
            {
                ThreadPool.UnsafeQueueUserWorkItem(_ =>
                {
                    gate.Wait(CancellationToken.None);
                    left.Signal();
                }, null);
            }

            var from = TimeProvider.System.GetTimestamp();
            var answer = look();
            var took = TimeProvider.System.GetElapsedTime(from);
            gate.Set();
            left.Wait(CancellationToken.None);
            done.SetResult((answer, took));
        })
        { IsBackground = true }.Start();
        return done.Task;
    }

    private static string Until(Func<string> ask, Predicate<string> isIt)
    {
        var from = TimeProvider.System.GetTimestamp();
        var text = "";
        while (!isIt(text) && TimeProvider.System.GetElapsedTime(from) < TimeSpan.FromSeconds(20))
        {
            text = ask();
            Thread.Yield();
        }

        return text;
    }

    /// <summary>What a probe with a time limit of half a second gets on a connection of its own.</summary>
    private static string Ask(int port, string path)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 500 };
        socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
        socket.Send(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (socket.Receive(buffer) is > 0 and var count)
            {
                text.Append(Encoding.ASCII.GetString(buffer, 0, count));
            }
        }
        catch (SocketException)
        {
            return "";
        }

        return text.ToString();
    }
}
