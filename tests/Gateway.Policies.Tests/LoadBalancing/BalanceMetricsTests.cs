using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.Tests.Health;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using ModelStanding = BlazeGateway.Policies.LoadBalancing.Adaptive.ModelStanding;

namespace BlazeGateway.Policies.Tests.LoadBalancing;

public sealed class BalanceMetricsTests : IDisposable
{
    private readonly TestCluster _cluster = new(TestCluster.Plain, "a", "b");

    public void Dispose() => _cluster.Dispose();

    private AdaptiveMemory Memory() => ((Policies.Health.CandidateSet)_cluster.State.DestinationsState.AvailableDestinations).Loads.Learned(static _ => new AdaptiveMemory());

    [Fact]
    public async Task Tokens_prefixes_and_what_was_learned_are_shown_as_they_are_when_asked_for()
    {
        _ = new BalanceMetrics(_cluster.Metrics, _cluster.Registry, 100);
        Assert.DoesNotContain("blaze_loadbalancer_arm_decisions_total{", await _cluster.ExposeAsync(), StringComparison.Ordinal);
        var load = _cluster["a"].Load;
        load.Reserve(new RequestWork(300, 20), _cluster.Registry.Clock);
        load.Prefix.Answered(load.Prefix.Send([0x9E3779B97F4A7C15, 0x3C6EF372FE94F82A, 0xDAA66D2C7DDF743F]), 48, 192, 0);
        var memory = Memory();
        memory.Tally.Count(AdaptiveArms.Model, isExploration: false);
        memory.Tally.Count(AdaptiveArms.PowerOfTwo, isExploration: true);
        memory.Trial.Rewarded(isHeldOut: true, -0.5, _cluster.Registry.Clock);
        memory.Trial.Predicted(2, 1, 4);
        var text = await _cluster.ExposeAsync();
        Assert.All(
            [
                "blaze_destination_inflight_tokens{cluster=\"llm\",destination=\"a\",kind=\"prefill\"} 300",
                "blaze_destination_inflight_tokens{cluster=\"llm\",destination=\"a\",kind=\"output\"} 20",
                "blaze_destination_inflight_tokens{cluster=\"llm\",destination=\"b\",kind=\"prefill\"} 0",
                "blaze_destination_prefix_blocks{cluster=\"llm\",destination=\"a\"} 3",
                "blaze_destination_prefix_cache_blocks{cluster=\"llm\",destination=\"b\"} 31250",
                "blaze_destination_prefix_restarts_total{cluster=\"llm\",destination=\"a\"} 0",
                "blaze_loadbalancer_arm_decisions_total{cluster=\"llm\",arm=\"Model\"} 1",
                "blaze_loadbalancer_arm_decisions_total{cluster=\"llm\",arm=\"RoundRobin\"} 0",
                "blaze_loadbalancer_exploration_total{cluster=\"llm\"} 1",
                "blaze_loadbalancer_holdout_reward{cluster=\"llm\",group=\"holdout\"} -0.5",
                "blaze_loadbalancer_model_error{cluster=\"llm\",predictor=\"model\"} 0.693147",
                "blaze_loadbalancer_model_error{cluster=\"llm\",predictor=\"usual\"} 0.693147",
                "blaze_loadbalancer_model_trusted{cluster=\"llm\"} 0",
            ],
            line => Assert.Contains(line, text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Series_leave_with_their_destination_and_cluster()
    {
        _ = new BalanceMetrics(_cluster.Metrics, _cluster.Registry, 100);
        Memory();
        await _cluster.ExposeAsync();
        _cluster.Remove("a");
        _cluster.Registry.UpdateAllDestinations(_cluster.State);
        var text = await _cluster.ExposeAsync();
        Assert.DoesNotContain("blaze_destination_inflight_tokens{cluster=\"llm\",destination=\"a\"", text, StringComparison.Ordinal);
        Assert.Contains("blaze_loadbalancer_model_trusted{cluster=\"llm\"}", text, StringComparison.Ordinal);
        _cluster.Registry.OnClusterRemoved(_cluster.State);
        Assert.DoesNotContain("llm", await _cluster.ExposeAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(3, true)]
    public async Task Label_sets_beyond_the_cap_are_other(int cap, bool isFolded)
    {
        _ = new BalanceMetrics(_cluster.Metrics, _cluster.Registry, cap);
        var text = await _cluster.ExposeAsync();
        Assert.Equal(isFolded, text.Contains("blaze_destination_inflight_tokens{cluster=\"other\",destination=\"other\",kind=\"other\"}", StringComparison.Ordinal));
        Assert.Equal(isFolded, text.Contains("blaze_metric_label_overflow_total{label=\"destination\"} 1", StringComparison.Ordinal));
    }

    [Fact]
    public void The_model_is_said_to_be_left_out_and_followed_again_once_each()
    {
        using var loggers = new LoggerFactory([_cluster.Log]);
        var log = new TrustLog(loggers.CreateLogger<TrustLog>());
        var memory = Memory();
        var before = _cluster.Log.Lines.Count;
        log.Look(null, "llm", default);
        log.Look(memory, "llm", default);
        for (var i = 0; i < ModelTrial.Cold; i++)
        {
            memory.Trial.Predicted(1, 1, 1);
        }

        log.Look(memory, "llm", default);
        Assert.Equal(before, _cluster.Log.Lines.Count);
        for (var i = 0; i < 60; i++)
        {
            memory.Trial.Rewarded(isHeldOut: true, 1 + (i % 2 * 0.01), default);
            memory.Trial.Rewarded(isHeldOut: false, -1 - (i % 2 * 0.01), default);
        }

        log.Look(memory, "llm", TimeSpan.FromSeconds(1));
        log.Look(memory, "llm", TimeSpan.FromSeconds(2));
        Assert.Contains("Cluster 'llm': Adaptive leaves its model out (lost_to_holdout)", Assert.Single(_cluster.Log.Lines.Skip(before)), StringComparison.Ordinal);
        log.Look(memory, "llm", ModelTrial.Bench + TimeSpan.FromSeconds(1));
        log.Look(memory, "llm", ModelTrial.Bench + TimeSpan.FromSeconds(2));
        Assert.Contains("Cluster 'llm': Adaptive follows its model again", Assert.Single(_cluster.Log.Lines.Skip(before + 1)), StringComparison.Ordinal);
    }

    /// <summary>The model is off by as much as is allowed, and every other second by a little more.</summary>
    [Fact]
    public void A_model_at_the_edge_is_told_once_a_minute_and_as_it_is()
    {
        using var loggers = new LoggerFactory([_cluster.Log]);
        var log = new TrustLog(loggers.CreateLogger<TrustLog>());
        var memory = Memory();
        Predict(memory.Trial, isGood: true);
        log.Look(memory, "llm", _cluster.Registry.Clock);
        var before = _cluster.Log.Lines.Count;
        var (changes, times) = (0, new List<TimeSpan>());
        for (var second = 0; second < 600; second++)
        {
            if (second % 2 == 0)
            {
                Predict(memory.Trial, isGood: changes++ % 2 != 0);
            }

            var lines = _cluster.Log.Lines.Count;
            log.Look(memory, "llm", _cluster.Registry.Clock);
            if (_cluster.Log.Lines.Count > lines)
            {
                Assert.Contains(memory.Trial.IsTrusted(_cluster.Registry.Clock) ? "follows its model again" : "leaves its model out", _cluster.Log.Lines[^1], StringComparison.Ordinal);
                times.Add(_cluster.Registry.Clock);
            }

            _cluster.Advance(1);
        }

        Assert.Equal((300, times.Count), (changes, _cluster.Log.Lines.Count - before));
        Assert.InRange(times.Count, 8, 11);
        Assert.All(times.Zip(times.Skip(1), static (earlier, later) => later - earlier), static between => Assert.True(between >= ModelStanding.Least, $"{between} between two lines"));
    }

    [Theory]
    [InlineData(59.999, false)]
    [InlineData(60, true)]
    [InlineData(60.001, true)]
    public void A_change_is_told_when_it_lasts(double seconds, bool isTold)
    {
        var standing = new ModelStanding();
        var time = new FakeTimeProvider();
        Assert.False(standing.Changes(isFollowed: true, time.GetElapsedTime(0)));
        Assert.True(standing.Changes(isFollowed: false, time.GetElapsedTime(0)));
        Assert.False(standing.Changes(isFollowed: false, time.GetElapsedTime(0)));
        time.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(isTold, standing.Changes(isFollowed: true, time.GetElapsedTime(0)));
        time.Advance(ModelStanding.Least);
        Assert.Equal(!isTold, standing.Changes(isFollowed: true, time.GetElapsedTime(0)));
        Assert.False(standing.Changes(isFollowed: true, time.GetElapsedTime(0)));
    }

    /// <summary>Answers until the model predicts well, or until the usual time predicts better.</summary>
    private static void Predict(ModelTrial trial, bool isGood)
    {
        for (var i = 0; i < 1000 && (trial.IsCold || trial.PredictsWorse == isGood); i++)
        {
            trial.Predicted(1, isGood ? 1 : 5, 1);
        }

        Assert.Equal(!isGood, trial.PredictsWorse);
    }
}
