using System.CommandLine;
using System.Globalization;
using BlazeGateway.Benchmarks.Load;
using BlazeGateway.Demo.ModelServer;

namespace BlazeGateway.Benchmarks.Cancel;

/// <summary>
/// <c>cancel</c>: how long after a client left the model server sees it, at four moments, over HTTP/1.1 and HTTP/2, with the gateway in a process of its
/// own. Exits 0 when every trial was seen and the 99th percentile of each row is within <c>--limit</c>.
/// </summary>
internal static class CancelCommand
{
    private static readonly Option<int> Trials = new("--trials") { Description = "Trials per moment and protocol, 1 to 100000.", DefaultValueFactory = _ => 500 };
    private static readonly Option<double> Limit = new("--limit") { Description = "Milliseconds the 99th percentile may have.", DefaultValueFactory = _ => 50 };
    private static readonly Option<string> Blaze = new("--blaze") { Description = "The gateway's program.", DefaultValueFactory = _ => Path.Combine(AppContext.BaseDirectory, "blaze.dll") };

    public static RootCommand Create()
    {
        Trials.Validators.Add(result =>
        {
            if (result.GetValue(Trials) is < 1 or > 100_000)
            {
                result.AddError($"--trials is {result.GetValue(Trials)}; it must be from 1 to 100000.");
            }
        });
        var command = new RootCommand("Measures how long after a client left the model server behind the gateway sees it.") { Trials, Limit, Blaze };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        Console.Out.WriteLine("moment      protocol  trials  missed   p50 ms   p99 ms   max ms");
        var isGood = true;
        try
        {
            foreach (var isHttp2 in new[] { false, true })
            {
                await foreach (var result in MeasureAsync(isHttp2, arguments, cancellation))
                {
                    Console.Out.WriteLine(Row(result, isHttp2));
                    isGood &= result.Missed == 0 && result.Percentile(0.99).TotalMilliseconds <= arguments.GetValue(Limit);
                }
            }
        }
        catch (Exception failed) when (failed is InvalidOperationException or IOException or HttpRequestException)
        {
            await Console.Error.WriteLineAsync(failed.Message);
            return 1;
        }

        return isGood ? 0 : 1;
    }

    private static async IAsyncEnumerable<CancelResult> MeasureAsync(
        bool isHttp2, ParseResult arguments, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var time = TimeProvider.System;
        await using var server = await ModelServerHost.StartAsync(new ModelServerHostOptions { IsHttp2 = isHttp2, Unpaced = true }, time, cancellation);
        using var lab = new Lab(server.Address, "demo-small", arguments.GetRequiredValue(Blaze));
        using var client = new HttpClient();
        await using var gateway = await ServerProcess.StartAsync(Plan(lab, isHttp2, out var url), client, time, cancellation);
        using var trials = new CancelTrials(url, server, isHttp2, time);
        foreach (var moment in Enum.GetValues<CancelMoment>())
        {
            await trials.RunAsync(moment, Math.Min(20, arguments.GetValue(Trials)), cancellation);
            yield return await trials.RunAsync(moment, arguments.GetValue(Trials), cancellation);
        }
    }

    private static ServerPlan Plan(Lab lab, bool isHttp2, out Uri url)
    {
        url = Lab.Address(Lab.FreePort());
        var admin = Lab.Address(Lab.FreePort());
        var routes = lab.Write("routes.json", CancelTrials.Routes(lab.ModelServer, isHttp2));
        var (file, words) = Lab.Program(lab.Blaze, "run", "--config", routes, "--urls", url.ToString(), "--admin-url", admin.ToString());
        return new ServerPlan { FileName = file, Arguments = words, Url = url, ReadyUrl = new Uri(admin, "/readyz") };
    }

    private static string Row(CancelResult result, bool isHttp2) => string.Create(
        CultureInfo.InvariantCulture,
        $"{result.Moment,-11} {(isHttp2 ? "HTTP/2" : "HTTP/1.1"),-9} {result.Delays.Count + result.Missed,6} {result.Missed,7} {Milliseconds(result, 0.5),8} {Milliseconds(result, 0.99),8} {Milliseconds(result, 1),8}");

    private static string Milliseconds(CancelResult result, double share) =>
        result.Delays.Count == 0 ? "-" : result.Percentile(share).TotalMilliseconds.ToString("0.00", CultureInfo.InvariantCulture);
}
