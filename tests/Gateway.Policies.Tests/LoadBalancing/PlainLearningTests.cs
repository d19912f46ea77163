using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Tests.LoadBalancing;

/// <summary>What strategies learn in an application with YARP's own pipeline.</summary>
public sealed class PlainLearningTests
{
    private const int Requests = 240;
    private const int AtOnce = 4;

    private readonly int[] _counts = new int[3];

    [Theory]
    [InlineData(Strategies.LeastResponseTime)]
    [InlineData(Strategies.Adaptive)]
    public async Task A_slow_destination_gets_less(string policy)
    {
        await using var app = await PlainApp.StartAsync(policy, [Answers(0, 1), Answers(1, 60), Answers(2, 1)]);
        await SendAsync(app, _ => { });
        Assert.Equal(Requests, _counts.Sum());
        Assert.InRange(_counts[1], 0, Requests / 6);
        await app.RestAsync();
        Assert.InRange(app.Load("d1").Times.Of(0).FirstChunk.At(TimeSpan.Zero), 0.02, 60);
    }

    [Theory]
    [InlineData(Strategies.LeastResponseTime, true)]
    [InlineData(Strategies.Adaptive, true)]
    [InlineData(Strategies.LeastConnections, true)]
    [InlineData(Strategies.LeastResponseTime, false)]
    [InlineData(Strategies.Adaptive, false)]
    public async Task A_failing_destination_gets_little(string policy, bool ejects)
    {
        var failures = 0;
        await using var app = await PlainApp.StartAsync(
            policy, [Answers(0, 5), Answers(1, 0, StatusCodes.Status500InternalServerError), Answers(2, 5)], [new("Extensions:Health:Eject", ejects ? "true" : "false")]);
        await SendAsync(app, status => failures += status == 500 ? 1 : 0);
        Assert.Equal(_counts[1], failures);
        var first = failures;
        await SendAsync(app, status => failures += status == 500 ? 1 : 0);

        // What is learned takes as many failures as requests were under way when the first of them came back.
        Assert.InRange(_counts[1], 1, Requests / 2);
        Assert.InRange(_counts[1] - first, 0, Requests / 16);
        Assert.True(ejects || app.State("d1") == AvailabilityState.Up, $"d1 is {app.State("d1")}.");
        await app.RestAsync();
    }

    [Fact]
    public async Task A_destination_that_cannot_be_reached_is_left_out_and_the_one_that_is_left_serves()
    {
        await using var app = await PlainApp.StartAsync(
            Strategies.LeastConnections,
            [Answers(0, 0), Answers(1, 0)],
            [new("Destinations:d1:Address", $"http://127.0.0.1:{FreePort()}/")]);
        var statuses = new List<int>();
        for (var i = 0; i < 40; i++)
        {
            using var answer = await app.Client.GetAsync(new Uri("/x", UriKind.Relative));
            statuses.Add((int)answer.StatusCode);
        }

        Assert.Equal(1, statuses.Count(status => status == StatusCodes.Status502BadGateway));
        Assert.Equal(AvailabilityState.Ejected, app.State("d1"));
        await app.RestAsync();
    }

    [Fact]
    public async Task A_client_that_leaves_gives_its_place_back_and_blames_nobody()
    {
        var inside = new TaskCompletionSource();
        await using var app = await PlainApp.StartAsync(Strategies.LeastResponseTime, [Hangs, Hangs]);
        using var leaving = new CancellationTokenSource();
        var asked = app.Client.GetAsync(new Uri("/x", UriKind.Relative), leaving.Token);
        await inside.Task.Soon();
        Assert.Equal(1, app.Load("d0").InFlight + app.Load("d1").InFlight);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await app.RestAsync();
        Assert.All(new[] { "d0", "d1" }, id => Assert.InRange(app.Load(id).Times.Of(0).FirstChunk.At(TimeSpan.Zero), 0, 4.9));
        Assert.All(new[] { "d0", "d1" }, id => Assert.Equal(AvailabilityState.Up, app.State(id)));

        async Task Hangs(HttpContext http)
        {
            inside.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted);
        }
    }

    [Fact]
    public async Task A_stream_is_timed_to_its_headers_and_counts_until_its_end()
    {
        var finish = new TaskCompletionSource();
        await using var app = await PlainApp.StartAsync(Strategies.LeastResponseTime, [Streams, Streams]);
        using var answer = await app.Client.GetAsync(new Uri("/x", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(1, app.Load("d0").InFlight + app.Load("d1").InFlight);
        var told = Math.Max(app.Load("d0").Times.Of(0).FirstChunk.At(TimeSpan.Zero), app.Load("d1").Times.Of(0).FirstChunk.At(TimeSpan.Zero));
        Assert.InRange(told, 0.000_001, 30);
        finish.SetResult();
        Assert.Equal("ab", await answer.Content.ReadAsStringAsync());
        await app.RestAsync();

        async Task Streams(HttpContext http)
        {
            await http.Response.WriteAsync("a");
            await http.Response.Body.FlushAsync();
            await finish.Task;
            await http.Response.WriteAsync("b");
        }
    }

    [Fact]
    public async Task What_yarp_took_out_and_finds_well_again_is_sent_requests()
    {
        var isWell = true;
        await using var app = await PlainApp.StartAsync(
            Strategies.RoundRobin,
            [Answers(0, 0), Checked],
            [
                new("HealthCheck:Active:Enabled", "true"), new("HealthCheck:Active:Interval", "00:00:00.050"), new("HealthCheck:Active:Policy", "ConsecutiveFailures"),
                new("HealthCheck:Active:Path", "/health"), new("Metadata:ConsecutiveFailuresHealthPolicy.Threshold", "1"),
            ]);
        isWell = false;
        await Waiting.UntilAsync(() => app.State("d1") == AvailabilityState.Ejected, () => $"d1 is {app.State("d1")}.");
        isWell = true;
        var before = 0;
        await Waiting.UntilAsync(() => app.State("d1") != AvailabilityState.Ejected, () => $"d1 is {app.State("d1")}.");
        before = _counts[1];
        await SendAsync(app, status => Assert.Equal(200, status));
        Assert.InRange(_counts[1] - before, Requests / 4, Requests);
        Assert.Equal(AvailabilityState.Up, app.State("d1"));

        Task Checked(HttpContext http)
        {
            if (http.Request.Path == "/health")
            {
                http.Response.StatusCode = Volatile.Read(ref isWell) ? 200 : 500;
                return Task.CompletedTask;
            }

            return Answers(1, 0)(http);
        }
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task SendAsync(PlainApp app, Action<int> answered)
    {
        var left = Requests;
        var gate = new Lock();
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                using var answer = await app.Client.GetAsync(new Uri("/x", UriKind.Relative));
                lock (gate)
                {
                    answered((int)answer.StatusCode);
                }
            }
        }));
    }

    private RequestDelegate Answers(int index, int milliseconds, int status = StatusCodes.Status200OK) => async http =>
    {
        if (http.Request.Path != "/health")
        {
            Interlocked.Increment(ref _counts[index]);
        }

        if (milliseconds > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System);
        }

        http.Response.StatusCode = status;
        await http.Response.WriteAsync("ok");
    };
}
