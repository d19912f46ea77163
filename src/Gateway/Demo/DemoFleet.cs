using System.Diagnostics;
using System.Globalization;
using BlazeGateway.Policies;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Demo;

/// <summary>
/// The demo's three model servers, each a child process of this executable on a port of the operating system's choice. They end with this process, however it ends.
/// </summary>
internal sealed class DemoFleet : IAsyncDisposable
{
    /// <summary>The model all of them serve.</summary>
    public const string Model = "demo-small";

    private static readonly (string Id, string[] Arguments)[] Plan =
    [
        ("fast", ["--prefill-rate", "16000", "--decode-rate", "160", "--seed", "1"]),
        ("slow", ["--prefill-rate", "4000", "--decode-rate", "50", "--seed", "2"]),
        ("flaky", ["--prefill-rate", "10000", "--decode-rate", "100", "--seed", "3"]),
    ];

    private readonly List<Process> _processes = [];
    private readonly ManualResetEventSlim _stop = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _starter;

    private DemoFleet()
    {
        // Linux sends the death signal when the thread that forked ends, not the process: the thread must live as long as the fleet.
        _starter = new Thread(StartProcesses) { IsBackground = true, Name = "demo fleet" };
        _starter.Start();
    }

    /// <summary>The running servers.</summary>
    public IReadOnlyList<DemoServer> Servers { get; private set; } = [];

    /// <summary>Starts all servers and waits until each listens.</summary>
    /// <exception cref="InvalidOperationException">A server ended before it listened.</exception>
    public static async Task<DemoFleet> StartAsync(CancellationToken cancellationToken = default)
    {
        var fleet = new DemoFleet();
        try
        {
            await fleet._started.Task.WaitAsync(cancellationToken);
            var servers = new List<DemoServer>();
            for (var i = 0; i < Plan.Length; i++)
            {
                servers.Add(await ReadyAsync(Plan[i].Id, fleet._processes[i], cancellationToken));
            }

            fleet.Servers = servers;
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>YARP's configuration for these servers: OpenAI, Anthropic (both under <c>/v1</c>) and Ollama (<c>/api</c>) paths, one cluster.</summary>
    public (IReadOnlyList<RouteConfig> Routes, IReadOnlyList<ClusterConfig> Clusters) CreateConfig()
    {
        var extensions = new ClusterExtensions
        {
            ModelServer = new ModelServerOptions { Kind = ModelServerKinds.Vllm, Models = [Model] },
        };
        var cluster = new ClusterConfig
        {
            ClusterId = "demo",
            Destinations = Servers.ToDictionary(s => s.Id, s => new DestinationConfig { Address = s.Address.ToString() }, StringComparer.OrdinalIgnoreCase),
        };
        return ([Route("demo", "/v1/{**rest}"), Route("demo-ollama", "/api/{**rest}")], [ExtensionsCarrier.Attach(cluster, extensions)]);
    }

    public async ValueTask DisposeAsync()
    {
        _stop.Set();
        _starter.Join();
        foreach (var process in _processes)
        {
            process.StandardInput.Close();
            if (!process.HasExited)
            {
                process.Kill();
            }

            await process.WaitForExitAsync();
            process.Dispose();
        }

        _processes.Clear();
        _stop.Dispose();
    }

    private static RouteConfig Route(string id, string path) =>
        new() { RouteId = id, ClusterId = "demo", Match = new RouteMatch { Path = path } };

    private static async Task<DemoServer> ReadyAsync(string id, Process process, CancellationToken cancellationToken)
    {
        var line = await process.StandardOutput.ReadLineAsync(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return line?.StartsWith("READY ", StringComparison.Ordinal) == true
            ? new DemoServer(id, new Uri(line["READY ".Length..]), ModelServerKinds.Vllm, process.Id)
            : throw new InvalidOperationException($"The demo's model server '{id}' ended before it listened.");
    }

    private static ProcessStartInfo StartInfo(string id, string[] arguments)
    {
        var (file, prefix) = Executable();
        var start = new ProcessStartInfo(file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        string[] all =
        [
            .. prefix, "model-server", "--port", "0", "--name", id, "--model", Model,
            "--parent", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), .. arguments,
        ];
        foreach (var argument in all)
        {
            start.ArgumentList.Add(argument);
        }

        if (OperatingSystem.IsWindows())
        {
            start.CreateNewProcessGroup = true;
        }

        start.Environment["DOTNET_gcServer"] = "0";
        return start;
    }

    private static (string File, string[] Prefix) Executable()
    {
        var own = Environment.ProcessPath ?? "";
        var name = Path.GetFileNameWithoutExtension(own);
        if (string.Equals(name, "blaze", StringComparison.OrdinalIgnoreCase))
        {
            return (own, []);
        }

        var library = Path.Combine(AppContext.BaseDirectory, "blaze.dll");
        return (string.Equals(name, "dotnet", StringComparison.OrdinalIgnoreCase) ? own : "dotnet", [library]);
    }

    private void StartProcesses()
    {
        try
        {
            foreach (var (id, arguments) in Plan)
            {
                _processes.Add(Process.Start(StartInfo(id, arguments))!);
            }

            _started.SetResult();
        }
        catch (Exception e)
        {
            _started.SetException(e);
        }

        _stop.Wait();
    }
}
