using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Policies.Tests.Destinations.Reports;

/// <summary>How destinations are asked for their load, and what is kept of it.</summary>
public sealed class LoadReportsTests : IAsyncLifetime
{
    private readonly AskingTime _time = new();
    private Responder _server = null!;
    private CatalogHost _host = null!;

    private DestinationLoad Load => _host.Load("llm", "d0");

    private int Asked => _server.AskedFor("/metrics");

    public async ValueTask InitializeAsync() => _server = await Responder.StartAsync(Page(Pages.OldVllm));

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_destination_is_asked_once_at_a_time_and_its_report_is_kept()
    {
        await StartAsync();
        await ReportedAsync();
        var report = Load.Reported!;
        Assert.Equal((2, 0, 0.25), (report.Facts.Running, report.Facts.Waiting, report.Facts.CacheUse));
        Assert.Equal((0, 2, 1.0), (report.Requests.InFlight, report.Others(report.TakenAt), report.Pressure(report.TakenAt)));
        Assert.Equal("text/plain;version=0.0.4", _server.HeadersOf("/metrics").Accept);
        var answers = new TaskCompletionSource();
        var inside = 0;
        var most = 0;
        _server.Answer = async context =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            await answers.Task;
            Interlocked.Decrement(ref inside);
            await Page(Pages.OldVllm)(context);
        };
        Load.Reserve();
        await NextAsync();
        for (var i = 0; i < 8; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        answers.SetResult();
        await ReportedAsync(report);
        Assert.Equal((1, 1), (most, Load.Reported!.Requests.InFlight));
    }

    [Fact]
    public async Task A_busy_one_is_asked_every_200_ms_or_so_and_an_idle_one_every_second()
    {
        _server.Answer = Page("vllm:num_requests_running 0\n");
        await StartAsync();
        await ReportedAsync();
        await NextAsync();
        Assert.InRange(await IntervalAsync(), 850, 3000);
        Load.Reserve();
        await NextAsync();
        var least = double.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            least = Math.Min(least, await IntervalAsync());
            await NextAsync();
        }

        Assert.InRange(least, 150, 800);
    }

    [Fact]
    public async Task A_report_that_is_not_followed_by_another_is_forgotten_within_two_seconds()
    {
        await StartAsync();
        await ReportedAsync();
        Assert.True(Load.Reported!.TellsRequests(_host.Availability.Clock));
        _server.Answer = Responder.Status(500);
        _time.Advance(TimeSpan.FromMilliseconds(599));
        Assert.True(Load.Reported!.TellsRequests(_host.Availability.Clock));
        Assert.Contains("blaze_destination_reported_running{cluster=\"llm\",destination=\"d0\"} 2", await _host.MetricsAsync(), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMilliseconds(101));
        Assert.False(Load.Reported!.TellsRequests(_host.Availability.Clock));
        Assert.Equal(0, Load.Reported!.Others(_host.Availability.Clock));
        Assert.DoesNotContain("blaze_destination_reported_running{", await _host.MetricsAsync(), StringComparison.Ordinal);
        Assert.Matches("blaze_destination_report_age_seconds\\{cluster=\"llm\",destination=\"d0\"\\} 0\\.7", await _host.MetricsAsync());
    }

    [Theory]
    [InlineData("sglang", 404, "start it with --enable-metrics")]
    [InlineData("llamacpp", 404, "start it with --metrics")]
    [InlineData("llamacpp", 501, "start it with --metrics")]
    [InlineData("vllm", 404, "set ModelServer.MetricsPath of the cluster")]
    [InlineData("vllm", 401, "set Extensions.Credentials of the cluster")]
    public async Task Who_has_no_metrics_is_named_once_with_the_cure_and_left_alone_for_half_a_minute(string kind, int status, string cure)
    {
        _server.Answer = Responder.Status(status);
        await StartAsync(kind);
        await UntilAsync(() => _host.Log.Lines.Any(line => line.Contains(cure, StringComparison.Ordinal)));
        await QuietAsync(asked: 1, 26_000);
        await NextAsync();
        await UntilAsync(() => _host.MetricsAsync().GetAwaiter().GetResult().Contains($"outcome=\"{(status == 401 ? "unauthorized" : "absent")}\"}} 2\n", StringComparison.Ordinal));
        Assert.Single(_host.Log.Lines, line => line.Contains("how loaded it is is not known", StringComparison.Ordinal));
        Assert.Null(Load.Reported);
        _server.Answer = Page(Pages.OldVllm + "\nsglang:num_running_reqs 1\nllamacpp:requests_processing 1\n");
        await NextAsync();
        await ReportedAsync();
        await UntilAsync(() => _host.Log.Lines.Any(line => line.EndsWith("tells its load again.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_page_of_another_server_is_named()
    {
        _server.Answer = Page(Pages.Sglang);
        await StartAsync();
        await UntilAsync(() => _host.Log.Lines.Any(line => line.Contains("nothing a server of kind vllm tells its load by", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(ReportPage.MaxBytes - 1, "told")]
    [InlineData(ReportPage.MaxBytes, "told")]
    [InlineData(ReportPage.MaxBytes + 1, "too_large")]
    public async Task A_page_is_read_up_to_its_limit(int bytes, string outcome)
    {
        foreach (var isLengthTold in new[] { true, false })
        {
            var page = Pages.OldVllm + "\n" + new string('\n', bytes - Pages.OldVllm.Length - 1);
            _server.Answer = async context =>
            {
                context.Response.ContentLength = isLengthTold ? bytes : null;
                await context.Response.WriteAsync(page);
            };
            if (isLengthTold)
            {
                await StartAsync();
                await CountedAsync(outcome, 1);
            }
            else
            {
                _host.Update(Cluster("vllm", Strategies.LeastLoaded, "/metrics?again"));
                await CountedAsync(outcome, 2);
            }
        }
    }

    [Fact]
    public async Task Counters_that_fall_are_a_restart_after_which_nothing_is_cached()
    {
        _server.Answer = Page("vllm:num_requests_running 1\nvllm:generation_tokens_total 100\n");
        await StartAsync();
        Load.Prefix.Send([1, 2, 3]);
        await ReportedAsync();
        await NextAsync();
        Assert.Equal(0, Load.Prefix.Restarts);
        _server.Answer = Page("vllm:num_requests_running 0\nvllm:generation_tokens_total 3\n");
        var before = Load.Reported;
        await NextAsync();
        await ReportedAsync(before);
        await UntilAsync(() => _host.Log.Lines.Any(line => line.Contains("was started anew", StringComparison.Ordinal)));
        await UntilAsync(() => Load.Prefix.Restarts > 0);
        Assert.Equal(0, Load.Prefix.Match([1, 2, 3]));
    }

    [Fact]
    public async Task Only_who_goes_by_reports_is_asked_and_nothing_is_left_when_it_does_no_more()
    {
        await StartAsync(strategy: Strategies.LeastConnections);
        await _host.Catalog.WhenAskedOnce();
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((0, (ReportedLoad?)null), (Asked, Load.Reported));
        Assert.DoesNotContain("blaze_destination_report", (await _host.MetricsAsync()).Split('\n').Where(line => !line.StartsWith('#')).Aggregate("", string.Concat), StringComparison.Ordinal);
        _host.Update(Cluster("vllm", "leastloaded", null));
        await UntilAsync(() => Moved() && Load.Reported is not null);
        _host.Update(Cluster("vllm", Strategies.RoundRobin, null));
        await UntilAsync(() => Load.Reported is null);
        var asked = Asked;
        await QuietAsync(asked, 5000);
        Assert.DoesNotContain("blaze_destination_reported_running{", await _host.MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_address_is_another_server()
    {
        await StartAsync();
        await ReportedAsync();
        await using var other = await Responder.StartAsync(Responder.Status(404));
        _host.Update(ExtensionsCarrier.Attach(CatalogHost.Cluster("llm", Extensions("vllm", null), ("d0", other.Address)) with { LoadBalancingPolicy = Strategies.LeastLoaded }, Extensions("vllm", null)));
        await UntilAsync(() => Moved() && other.Asked > 0 && Load.Reported is null);
    }

    [Fact]
    public async Task The_path_may_be_another_and_ollama_has_its_own()
    {
        await StartAsync("ollama");
        _server.Answer = Responder.Json(Pages.Ollama);
        _host.Update(Cluster("ollama", Strategies.LeastLoaded, null));
        await UntilAsync(() => Moved() && _server.AskedFor("/api/ps") > 0);
        _host.Update(Cluster("ollama", Strategies.LeastLoaded, "/of/mine"));
        await UntilAsync(() => Moved() && _server.AskedFor("/of/mine") > 0);
        await ReportedAsync();
        Assert.Equal(2, Load.Reported!.Facts.ResidentModels.Length);
        Assert.False(Load.Reported!.TellsRequests(Load.Reported.TakenAt));
    }

    private Task UntilAsync(Func<bool> condition) => Waiting.UntilAsync(condition, () => $"Asked {Asked} times; log: {string.Join('\n', _host.Log.Lines)}");

    private static RequestDelegate Page(string page) => context => context.Response.WriteAsync(page);

    private static ClusterExtensions Extensions(string kind, string? path) =>
        new() { ModelServer = new ModelServerOptions { Kind = kind, Models = ["m"], MetricsPath = path }, Health = new HealthOptions { Probe = false } };

    private ClusterConfig Cluster(string kind, string strategy, string? path) =>
        CatalogHost.Cluster("llm", Extensions(kind, path), ("d0", _server.Address)) with { LoadBalancingPolicy = strategy };

    private async Task StartAsync(string kind = "vllm", string strategy = Strategies.LeastLoaded) =>
        _host = await CatalogHost.StartAsync(_time, new ModelCatalogOptions(), Cluster(kind, strategy, null));

    private Task ReportedAsync(ReportedLoad? before = null) => UntilAsync(() => Load.Reported is { } report && !ReferenceEquals(report, before));

    /// <summary>Moves the clock until the destination is asked once more, and never while it is asked: how long that takes would be learned.</summary>
    private async Task NextAsync()
    {
        var asked = Asked;
        await UntilAsync(() =>
        {
            if (!_time.IsAsking)
            {
                _time.Advance(TimeSpan.FromMilliseconds(Math.Clamp(_time.Last.TotalMilliseconds / 20, 10, 1000)));
            }

            return Asked > asked;
        });
    }

    /// <summary>How many milliseconds it waits before it asks again.</summary>
    private async Task<double> IntervalAsync()
    {
        await UntilAsync(() => !_time.IsAsking);
        return _time.Last.TotalMilliseconds;
    }

    private bool Moved()
    {
        _time.Advance(TimeSpan.FromMilliseconds(5));
        return true;
    }

    /// <summary>Moves the clock, and nobody asks.</summary>
    private async Task QuietAsync(int asked, int milliseconds)
    {
        await _host.MetricsAsync();
        for (var i = 0; i < 50; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(milliseconds / 50.0));
        }

        await _host.MetricsAsync();
        Assert.Equal(asked, Asked);
    }

    private async Task CountedAsync(string outcome, int times)
    {
        var line = $"blaze_destination_reports_total{{cluster=\"llm\",destination=\"d0\",outcome=\"{outcome}\"}} {times}\n";
        await UntilAsync(() => Moved() && _host.MetricsAsync().GetAwaiter().GetResult().Contains(line, StringComparison.Ordinal));
    }

    /// <summary>A clock that knows what is waited for: an answer, or the moment to ask again.</summary>
    private sealed class AskingTime : FakeTimeProvider
    {
        private volatile bool _isAsking = true;
        private long _last;

        public bool IsAsking => _isAsking;

        public TimeSpan Last => new(Volatile.Read(ref _last));

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime == ReportReply.Patience)
            {
                _isAsking = true;
            }
            else if (dueTime > TimeSpan.Zero && dueTime < TimeSpan.FromMinutes(1))
            {
                Volatile.Write(ref _last, dueTime.Ticks);
                _isAsking = false;
            }

            return timer;
        }
    }
}
