using System.Diagnostics;
using System.Net.Sockets;
using BlazeGateway.Benchmarks.Faults.Traffic;
using BlazeGateway.Benchmarks.Load;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>One of three is killed under load and started again, another one each time.</summary>
internal sealed class KillScenario : FaultScenario
{
    private const double Rate = 150;

    public override string Name => "kill";

    public override async Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation)
    {
        await RehearseAsync(cancellation);
        var (answers, kills) = (new List<Answer>(), new List<Kill>());
        for (var repeat = 0; repeat < trial.Durations.Repeats; repeat++)
        {
            kills.Add(await KillAsync(trial with { Seed = trial.Seed + repeat }, repeat % trial.Fleet.Servers.Count, answers, cancellation));
        }

        var row = FaultRow.Of(Name, answers);
        double? Longest(Func<Kill, double?> value) => kills.TrueForAll(kill => value(kill) is not null) ? kills.Max(value) : null;
        double added = kills.Max(kill => kill.AddedMs);
        return row with
        {
            EjectedMs = Longest(kill => kill.EjectedMs),
            BackMs = Longest(kill => kill.BackMs),
            Attempts = (double)await trial.Fleet.AttemptsAsync(cancellation) / row.Requests,
            Notes = FormattableString.Invariant($"added while down {added:0} ms; each: ") + string.Join(", ", kills.Select(static kill =>
                FormattableString.Invariant($"refuses after {kill.RefusesMs:0}, ejected {kill.EjectedMs:0}, added {kill.AddedMs:0} by one due at {kill.DueMs:0} ({kill.CalmMs:0} before the kill)"))),
            Promises =
            [
                FaultPromise.AtMost("lost", row.Lost, 0),
                FaultPromise.AtMost("slowest while down less the usual p99, ms,", added, 100, "0.0"),
                FaultPromise.AtMost("killed to ejected, ms,", Longest(kill => kill.EjectedMs), 50, "0.0"),
                FaultPromise.AtMost("listening again to up, ms,", Longest(kill => kill.BackMs), 2000),
            ],
        };
    }

    /// <summary>When the kernel has taken the server's socket away, which nobody can see before. Asked every millisecond.</summary>
    private static async Task<double> RefusesAsync(Uri server, Func<double> now, CancellationToken cancellation)
    {
        await Task.Yield();
        while (true)
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(server.Host, server.Port, cancellation);
                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellation);
            }
            catch (SocketException)
            {
                return now();
            }
        }
    }

    /// <summary>A process of nobody, so that the first kill that counts does not wait for this one to compile how it kills, and sees that somebody is gone.</summary>
    private static async Task RehearseAsync(CancellationToken cancellation)
    {
        using var nobody = Process.Start("sleep", "60");
        nobody.Kill();
        await nobody.WaitForExitAsync(cancellation);
        await RefusesAsync(Lab.Address(Lab.FreePort()), static () => 0, cancellation);
    }

    private static async Task<Kill> KillAsync(FaultTrial trial, int victim, List<Answer> all, CancellationToken cancellation)
    {
        var durations = trial.Durations;
        var server = trial.Fleet.Servers[victim];
        var load = trial.Load(Rate, durations.BeforeSeconds + durations.DownSeconds + durations.AfterSeconds, cancellation);
        await load.ReachAsync(durations.BeforeSeconds, cancellation);
        var before = load.Now;
        var refuses = RefusesAsync(server.Address, () => load.Now, cancellation);
        var killed = await server.KillAsync(cancellation);
        await load.ReachAsync(durations.BeforeSeconds + durations.DownSeconds, cancellation);
        var listens = await server.StartAsync(cancellation);
        var again = load.Now;
        var answers = await load.Answers;
        all.AddRange(answers);

        // What was under way at the kill began before it; what a server that has just started compiles is nothing the front end adds.
        Answer[] calm = [.. answers.Where(answer => answer.EndedAt < durations.BeforeSeconds)];
        var usual = FaultRow.Percentile(calm, 0.99);
        var slowest = answers.Where(answer => answer.EndedAt >= durations.BeforeSeconds && answer.At < again).MaxBy(answer => answer.Milliseconds)!;
        return new Kill(
            slowest.Milliseconds - usual,
            calm.Max(answer => answer.Milliseconds) - usual,
            1000 * (slowest.At - before),
            1000 * (await refuses - before),
            trial.Watch?.Since(killed, server.Name, state => state == "ejected"),
            trial.Watch?.Since(listens, server.Name, state => state == "up"));
    }

    private sealed record Kill(double AddedMs, double CalmMs, double DueMs, double RefusesMs, double? EjectedMs, double? BackMs);
}
