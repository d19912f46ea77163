using System.Globalization;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary><c>blaze run</c> as a process of its own in front of a destination, and what the system tells about it.</summary>
internal sealed class LimitedProcess : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory;
    private readonly HttpClient _admin;

    private LimitedProcess(TemporaryDirectory directory, BlazeProcess blaze)
    {
        _directory = directory;
        Blaze = blaze;
        _admin = BlazeProcess.NewClient(blaze.Admin);
    }

    public BlazeProcess Blaze { get; }

    /// <summary>Path of its routes.json.</summary>
    public string Routes => Path.Combine(_directory.Path, "routes.json");

    /// <summary>Bytes of memory it has in RAM.</summary>
    public long ResidentBytes => File.ReadLines($"/proc/{Blaze.Id}/status")
        .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024)
        .Single();

    /// <summary>Starts it, with at most this many open files where a number is given, and waits until it serves.</summary>
    public static async Task<LimitedProcess> StartAsync(Uri destination, int? files = null)
    {
        var directory = new TemporaryDirectory();
        var (script, words) = Prepare(directory, destination, files);
        return new LimitedProcess(directory, await BlazeProcess.ServeAsync(words, directory.Path, executable: script));
    }

    /// <summary>Starts it and waits for nothing.</summary>
    public static BlazeProcess Start(TemporaryDirectory directory, Uri destination, int files)
    {
        var (script, words) = Prepare(directory, destination, files);
        return BlazeProcess.Start(["run", .. words], directory.Path, executable: script);
    }

    private static (string Script, string[] Words) Prepare(TemporaryDirectory directory, Uri destination, int? files)
    {
        var routes = directory.Write("routes.json", WireGateway.Routes(destination));
        var script = directory.Write("start.sh", $"""
            #!/bin/sh
            {(files is { } limit ? $"ulimit -n {limit}" : ":")}
            exec dotnet "{Path.Combine(AppContext.BaseDirectory, "blaze.dll")}" "$@"
            """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        return (script, ["--config", routes, "--Telemetry:AccessLog:Enabled=false", "--Admin:MaxConnections=32"]);
    }

    /// <summary>The page of the operators' listener.</summary>
    public Task<string> AdminAsync(string path) => _admin.GetStringAsync(path);

    /// <summary>Sends a request to the operators' listener.</summary>
    public Task<HttpResponseMessage> PostAdminAsync(string path, CancellationToken ending) => _admin.PostAsync(path, null, ending);

    /// <summary>The sum over all label sets of a metric that hold <paramref name="label"/>.</summary>
    public async Task<double> MetricAsync(string name, string label = "") => (await AdminAsync("/metrics")).Split('\n')
        .Where(line => (line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal)) && line.Contains(label, StringComparison.Ordinal))
        .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    /// <summary>The status of a plain request on a connection of its own; 0 when it was refused.</summary>
    public async Task<int> AskAsync()
    {
        try
        {
            using var connection = await RawConnection.OpenAsync(Blaze.Proxy);
            await connection.TrySendAsync(System.Text.Encoding.ASCII.GetBytes(WireCase.Get(headers: "Connection: close\r\n")));
            return (await connection.ReadAnswerAsync())?.Status ?? 0;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return 0;
        }
    }

    /// <summary>Fails when it ended or says that something went wrong inside.</summary>
    public async Task AssertSoundAsync()
    {
        Assert.False(Blaze.HasExited, Blaze.Error);
        Assert.Equal(0, await MetricAsync("blaze_requests_total", "outcome=\"gateway_error\""));
        foreach (var word in new[] { "Unhandled", "unhandled", "Out of memory", "failed in the gateway" })
        {
            Assert.DoesNotContain(word, Blaze.Error, StringComparison.Ordinal);
        }
    }

    /// <summary>Asks without a pause until told to end; returns how often, and how often the answer was another than 200.</summary>
    public async Task<(int Asked, int Lost)> GoodTrafficAsync(CancellationToken ending)
    {
        using var client = BlazeProcess.NewClient(Blaze.Proxy);
        var (asked, lost) = (0, 0);
        while (!ending.IsCancellationRequested)
        {
            asked++;
            try
            {
                using var answer = await client.GetAsync("/plain/good", CancellationToken.None);
                lost += answer.IsSuccessStatusCode ? 0 : 1;
            }
            catch (HttpRequestException)
            {
                lost++;
            }
        }

        return (asked, lost);
    }

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        await Blaze.DisposeAsync();
        _directory.Dispose();
    }
}
