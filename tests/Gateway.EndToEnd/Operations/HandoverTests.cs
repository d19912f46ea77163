using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>A socket that outlives the process that listens on it: handed over as systemd does it, by descriptor 3 and three variables.</summary>
[Collection(nameof(Alone))]
public sealed class HandoverTests
{
    [Fact]
    public async Task A_second_process_takes_the_socket_over_and_nobody_notices()
    {
        await using var fast = await ModelServerHost.StartAsync(new ModelServerHostOptions { AnswerTokens = 2, Unpaced = true });
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([fast.Address]));
        using var data = new Listening();
        await using var old = await data.ServeAsync(directory, "--config", "routes.json", "--Drain:Delay=00:00:01");
        Assert.Equal(data.Port, old.Proxy.Port);
        await using var clients = ReadinessClients.Start(new Uri($"http://127.0.0.1:{data.Port}"), perSecond: 200);
        await clients.HaveAskedAsync(200);
        var asked = 0;
        IReadOnlyCollection<string> failures = [];
        await using (var young = await data.ServeAsync(directory, "--config", "routes.json"))
        {
            Assert.Equal(data.Port, young.Proxy.Port);
            old.Terminate();
            Assert.Equal(0, await old.ExitAsync());
            await clients.HaveAskedAsync(400);
            (asked, failures) = await clients.StopAsync();
            Assert.False(young.HasExited);
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{asked} requests while one process took over from the other, {failures.Count} failed");
        Assert.True(failures.Count == 0, string.Join('\n', failures.Take(5)));
    }

    [Fact]
    public async Task Both_listeners_are_handed_over_by_name()
    {
        await using var fast = await ModelServerHost.StartAsync(new ModelServerHostOptions { AnswerTokens = 2, Unpaced = true });
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([fast.Address]));
        using var admin = new Listening();
        using var data = new Listening();
        var start = Script(directory, "exec 3<&{0} 4<&{1}\nexport LISTEN_FDS=2 LISTEN_PID=$$ LISTEN_FDNAMES=admin:data", admin.Descriptor, data.Descriptor);
        await using var blaze = BlazeProcess.Start(["run", "--config", "routes.json"], directory.Path, executable: start);
        await blaze.WaitForAsync(text => text.Contains("  metrics    ", StringComparison.Ordinal));
        using var client = BlazeProcess.NewClient(new Uri($"http://127.0.0.1:{data.Port}"));
        using var operators = BlazeProcess.NewClient(new Uri($"http://127.0.0.1:{admin.Port}"));
        using var models = await client.GetAsync("/v1/models");
        Assert.Equal(HttpStatusCode.OK, models.StatusCode);
        Assert.Equal("ok\n", await operators.GetStringAsync("/livez"));
    }

    [Theory]
    [InlineData("export LISTEN_FDS=many LISTEN_PID=$$", "LISTEN_FDS is 'many'")]
    [InlineData("export LISTEN_FDS=65 LISTEN_PID=$$", "LISTEN_FDS is '65'")]
    [InlineData("export LISTEN_FDS=1 LISTEN_PID=me", "LISTEN_PID is 'me'")]
    [InlineData("exec 3</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$", "Descriptor 3, which LISTEN_FDS hands over, is not open, or is no TCP socket")]
    [InlineData("exec 3<&{0} 4<&{0} 5<&{0}; export LISTEN_FDS=3 LISTEN_PID=$$", "3 sockets are handed over")]
    [InlineData("exec 3<&{0} 4<&{0}; export LISTEN_FDS=2 LISTEN_PID=$$ LISTEN_FDNAMES=data:other", "LISTEN_FDNAMES is 'data:other'")]
    public async Task What_cannot_be_used_is_told_with_exit_code_3(string lines, string message)
    {
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([new Uri("http://127.0.0.1:1")]));
        using var data = new Listening();
        await using var blaze = BlazeProcess.Start(["run", "--config", "routes.json"], directory.Path, executable: Script(directory, lines, data.Descriptor));
        Assert.Equal(3, await blaze.ExitAsync());
        Assert.Contains(message, blaze.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", blaze.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Addresses_that_contradict_the_socket_are_told_with_exit_code_3()
    {
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([new Uri("http://127.0.0.1:1")]));
        using var data = new Listening();
        await using var blaze = BlazeProcess.Start(
            ["run", "--config", "routes.json", "--urls", "http://127.0.0.1:1234", "--admin-url", "http://127.0.0.1:0"], directory.Path, executable: Script(directory, "exec 3<&{0}; export LISTEN_FDS=1 LISTEN_PID=$$", data.Descriptor));
        Assert.Equal(3, await blaze.ExitAsync());
        Assert.Contains($"Proxy:Urls is 'http://127.0.0.1:1234', but the sockets handed over listen at 127.0.0.1:{data.Port}", blaze.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Variables_for_another_process_are_not_read()
    {
        using var directory = new TemporaryDirectory();
        directory.Write("routes.json", GatewayFixture.Routes([new Uri("http://127.0.0.1:1")]));
        await using var blaze = await BlazeProcess.ServeAsync(["--config", "routes.json"], directory.Path, new Dictionary<string, string>(StringComparer.Ordinal) { ["LISTEN_FDS"] = "1", ["LISTEN_PID"] = "1" });
        Assert.False(blaze.HasExited);
    }

    private static string Script(TemporaryDirectory directory, string lines, params int[] descriptors)
    {
        var text = descriptors.Select((descriptor, i) => (Place: $"{{{i}}}", Number: descriptor.ToString(CultureInfo.InvariantCulture)))
            .Aggregate(lines, static (text, pair) => text.Replace(pair.Place, pair.Number, StringComparison.Ordinal));
        var script = directory.Write($"start{Guid.NewGuid():N}.sh", $"""
            #!/bin/bash
            {text}
            exec dotnet "{Path.Combine(AppContext.BaseDirectory, "blaze.dll")}" "$@"
            """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        return script;
    }

    /// <summary>A listening socket with a descriptor that processes started from here inherit.</summary>
    private sealed class Listening : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public Listening()
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _socket.Listen(512);
            Descriptor = Duplicate((int)_socket.Handle);
        }

        public int Descriptor { get; }

        public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

        public Task<BlazeProcess> ServeAsync(TemporaryDirectory directory, params string[] words)
        {
            var start = Script(directory, "exec 3<&{0}\nexport LISTEN_FDS=1 LISTEN_PID=$$", Descriptor);
            return BlazeProcess.ServeAsync(words, directory.Path, executable: start);
        }

        public void Dispose()
        {
            _ = Close(Descriptor);
            _socket.Dispose();
        }

        [DllImport("libc", EntryPoint = "dup")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int Duplicate(int descriptor);

        [DllImport("libc", EntryPoint = "close")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int Close(int descriptor);
    }
}
