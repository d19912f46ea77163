using System.Diagnostics;
using BlazeGateway.Demo;
using BlazeGateway.Policies;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Tests.Demo;

public sealed class DemoFleetTests
{
    [Fact]
    public async Task ThreeServersServeAndEndWithTheFleet()
    {
        var fleet = await DemoFleet.StartAsync(TestContext.Current.CancellationToken);
        var processes = fleet.Servers.Select(s => s.ProcessId).ToArray();
        using var client = new HttpClient();
        foreach (var server in fleet.Servers)
        {
            Assert.Contains(DemoFleet.Model, await client.GetStringAsync(new Uri(server.Address, "/v1/models")), StringComparison.Ordinal);
        }

        var (routes, clusters) = fleet.CreateConfig();
        Assert.Equal(["fast", "flaky", "slow"], clusters[0].Destinations!.Keys.Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.All(routes, route => Assert.Equal("demo", route.ClusterId));
        Assert.Equal("vllm", ExtensionsCarrier.Read(clusters[0]).ModelServer!.Kind);

        await fleet.DisposeAsync();
        Assert.All(processes, id => Assert.False(IsAlive(id)));
    }

    [Fact]
    public async Task AChildDiesWhenItsParentIsKilled()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "parent death signals are Linux's");
        var library = Path.Combine(AppContext.BaseDirectory, "blaze.dll");
        var script = $"dotnet '{library}' model-server --port 0 --parent $$ < <(sleep 60) & echo $!; wait";
        using var parent = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var child = int.Parse((await parent.StandardOutput.ReadLineAsync())!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.StartsWith("READY ", await parent.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);

        parent.Kill();

        await Eventually.TrueAsync(() => !IsAlive(child));
    }

    [Fact]
    public async Task TrafficStopsPromptlyAndCountsWhatFailed()
    {
        await using var server = await ModelServer.ModelServerFixture.StartAsync();
        var time = new FakeTimeProvider();
        using var traffic = new DemoTraffic(server.Host.Address, [], time);
        using var stop = new CancellationTokenSource();
        var run = traffic.RunAsync(stop.Token);
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(20));
            return traffic.Sent >= 20;
        });
        await Eventually.TrueAsync(() => traffic.InFlight == 0);

        await stop.CancelAsync();
        await run.WaitAsync(TimeSpan.FromSeconds(5));

        Assert.Equal(0, traffic.Failed);
        Assert.Equal(traffic.Sent, server.Host.Stats.Completed);
    }

    [Fact]
    public void TrafficStaysBetweenTwentyAndForty()
    {
        var rates = Enumerable.Range(0, 600).Select(s => DemoTraffic.RequestsPerSecond(TimeSpan.FromSeconds(s))).ToArray();
        Assert.Equal((20.0, 40.0), (Math.Round(rates.Min(), 3), Math.Round(rates.Max(), 3)));
    }

    private static bool IsAlive(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
