using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace BlazeGateway.EndToEnd.Health;

/// <summary>A <c>blaze model-server</c> as a process of its own, which a test may kill and start again at the same address.</summary>
internal sealed class ModelServerProcess : IAsyncDisposable
{
    private BlazeProcess? _process;

    private ModelServerProcess(Uri address) => Address = address;

    public Uri Address { get; }

    public static async Task<ModelServerProcess> StartAsync(params string[] options)
    {
        var server = NotStarted();
        await server.StartAgainAsync(options);
        return server;
    }

    /// <summary>One whose streams last.</summary>
    public static async Task<ModelServerProcess> StartSlowAsync(int decodeRate)
    {
        var server = NotStarted();
        await server.StartAsync(decodeRate, []);
        return server;
    }

    /// <summary>One whose address is known and where nothing listens yet.</summary>
    public static ModelServerProcess NotStarted() => new(new Uri($"http://127.0.0.1:{FreePort()}"));

    /// <summary>Starts it, with these options besides, and waits until it listens.</summary>
    public Task StartAgainAsync(params string[] options) => StartAsync(decodeRate: 1_000_000, options);

    private async Task StartAsync(int decodeRate, string[] options)
    {
        for (var again = 0; ; again++)
        {
            _process = BlazeProcess.Start(
                ["model-server", "--port", Address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), "--prefill-rate", "1000000", "--decode-rate", decodeRate.ToString(System.Globalization.CultureInfo.InvariantCulture), .. options],
                environment: new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_gcServer"] = "0" });
            await Eventually.TrueAsync(() => _process!.HasExited || _process.Out.Contains("READY ", StringComparison.Ordinal));
            if (!_process.HasExited)
            {
                return;
            }

            // Somebody else's connection may hold the port for a moment.
            Assert.True(again < 20, _process.Error);
            await _process.DisposeAsync();
        }
    }

    /// <summary>Ends it as <c>kill -9</c> does and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.ExitAsync();
        await _process.DisposeAsync();
        _process = null;
    }

    /// <summary>Has it stand still as a process that is not scheduled: its sockets stay open and the system goes on taking connections for it.</summary>
    public void Stop() => _process!.Signal("-STOP");

    /// <summary>Lets it go on.</summary>
    public void Continue() => _process!.Signal("-CONT");

    /// <summary>Asks for its health until it does not take longer than it will.</summary>
    public async Task WarmAsync()
    {
        using var client = BlazeProcess.NewClient(Address);
        for (var i = 0; i < 20; i++)
        {
            using var answer = await client.GetAsync("/health");
        }
    }

    /// <summary>Sets the faults it has from now on.</summary>
    public async Task SetFaultAsync(string plan)
    {
        using var client = BlazeProcess.NewClient(Address);
        using var answer = await client.PostAsync("/__sim/fault", new StringContent(plan));
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>How many chat requests reached it since it was started last.</summary>
    public async Task<int> ChatsAsync()
    {
        using var client = BlazeProcess.NewClient(Address);
        using var stats = JsonDocument.Parse(await client.GetStringAsync("/__sim/stats"));
        return stats.RootElement.GetProperty("recent").EnumerateArray().Count(request => request.GetProperty("target").GetString()!.StartsWith("/v1/chat", StringComparison.Ordinal));
    }

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? default;

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
