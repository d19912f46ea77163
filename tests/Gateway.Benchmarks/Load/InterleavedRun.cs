using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Load;

/// <summary>
/// All variants run at once and are loaded one after the other, in an order that rotates from round to round, so that what the machine does
/// meanwhile meets all of them alike. Ratios are taken within a round.
/// </summary>
internal sealed class InterleavedRun(RunnerOptions options, TimeProvider time, TextWriter log) : IAsyncDisposable
{
    private readonly HttpClient _client = new();
    private readonly List<ServerProcess> _processes = [];
    private readonly List<RunningVariant> _running = [];
    private readonly List<Measurement> _measurements = [];
    private readonly Dictionary<string, string> _skipped = new(StringComparer.Ordinal);
    private Lab? _lab;

    public async Task<RunReport> RunAsync(CancellationToken cancellation)
    {
        await StartAsync(cancellation);
        if (_running.All(variant => variant.Name != options.Baseline))
        {
            throw new LoadRefusedException($"--baseline is '{options.Baseline}', which is not among the variants that run: {string.Join(", ", _running.Select(v => v.Name))}.");
        }

        foreach (var variant in _running)
        {
            await LoadAsync(variant, options.Warmup * 2, cancellation);
        }

        for (var round = 1; round <= options.Rounds; round++)
        {
            for (var index = 0; index < _running.Count; index++)
            {
                var measurement = await MeasureAsync(_running[(index + round) % _running.Count], round, cancellation);
                _measurements.Add(measurement);
                await log.WriteLineAsync($"round {round}/{options.Rounds} {measurement.Variant,-14} {measurement.OkPerSecond,9:0.0}/s p50 {measurement.P50Ms:0.000} ms");
            }
        }

        return Summaries.Report(options, _measurements, _skipped, time.GetUtcNow());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes))
        {
            await process.DisposeAsync();
        }

        _lab?.Dispose();
        _client.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellation)
    {
        var modelServer = ModelServerPlan();
        _processes.Add(await ServerProcess.StartAsync(modelServer, _client, time, cancellation));
        _lab = new Lab(modelServer.Url, options.Blaze);
        foreach (var name in options.Variants)
        {
            try
            {
                if (Variants.Plan(name, _lab) is not { } plan)
                {
                    _running.Add(new RunningVariant(name, modelServer.Url, null, null));
                    continue;
                }

                var process = await ServerProcess.StartAsync(plan, _client, time, cancellation);
                _processes.Add(process);
                _running.Add(new RunningVariant(Variants.NameOf(name), plan.Url, process, plan.AllocatedUrl));
            }
            catch (FileNotFoundException missing)
            {
                _skipped[name] = missing.Message;
                await log.WriteLineAsync($"skipped {name}: {missing.Message}");
            }
        }
    }

    private ServerPlan ModelServerPlan()
    {
        var port = Lab.FreePort();
        var url = Lab.Address(port);
        var (file, arguments) = options.ModelServer == "blaze"
            ? Lab.Program(options.Blaze, "model-server", "--port", $"{port}", "--unpaced", "--model", options.Load.Request.Model ?? "bench")
            : Lab.Program(Lab.Self, "fixed-response", "--url", url.ToString());
        return new ServerPlan { FileName = file, Arguments = arguments, Url = url, ReadyUrl = Lab.Address(port, "/health") };
    }

    private Task<LoadResult> LoadAsync(RunningVariant variant, TimeSpan? duration, CancellationToken cancellation)
    {
        var load = options.Load with { Request = options.Load.Request with { Url = variant.Url } };
        return LoadEngine.RunAsync(
            duration is null ? load : load with { Duration = duration, Requests = null }, time, cancellation: cancellation);
    }

    private async Task<Measurement> MeasureAsync(RunningVariant variant, int round, CancellationToken cancellation)
    {
        if (options.Warmup > TimeSpan.Zero)
        {
            await LoadAsync(variant, options.Warmup, cancellation);
        }

        var allocated = await AllocationProbe.ReadAsync(variant.AllocatedUrl, _client, cancellation);
        var cpu = variant.Process?.CpuSeconds;
        var result = await LoadAsync(variant, null, cancellation);
        cpu = variant.Process?.CpuSeconds - cpu;
        allocated = await AllocationProbe.ReadAsync(variant.AllocatedUrl, _client, cancellation) - allocated;
        return new Measurement
        {
            Variant = variant.Name,
            Round = round,
            OkPerSecond = result.OkPerSecond,
            P50Ms = result.Latency.P50,
            P99Ms = result.Latency.P99,
            FirstTokenP50Ms = result.TimeToFirstToken?.P50,
            CpuMicroseconds = cpu / result.Requests * 1e6,
            ResidentMiB = variant.Process?.ResidentBytes / 1048576.0,
            AllocatedBytes = allocated / result.Requests,
            Failed = result.Failed,
            Void = result.Void,
        };
    }

    private sealed record RunningVariant(string Name, Uri Url, ServerProcess? Process, Uri? AllocatedUrl);
}
