using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.Tests.Health;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

/// <summary>Adapters and models that some destinations have loaded. A prompt is 400 tokens.</summary>
public sealed class LoadingCostTests : IDisposable
{
    private static readonly ulong Sql = ModelKey.Of("sql-lora");

    private readonly TestCluster _cluster = new(new ClusterExtensions { Adaptive = new AdaptiveOptions { Holdout = 0, Exploration = 0 } }, "a", "b", "c");

    public void Dispose() => _cluster.Dispose();

    private void Says(string id, ReportedFacts facts, double goodFor = 1)
    {
        var moment = new ReportMoment(_cluster.Registry.Clock, TimeSpan.FromSeconds(goodFor), 0);
        _cluster[id].Load.Reported = new ReportedLoad(facts with { Waiting = 0, Running = 0 }, moment, moment);
    }

    private string Picks(string strategy, ulong model, int times = 200)
    {
        var memory = ((Policies.Health.CandidateSet)_cluster.State.DestinationsState.AvailableDestinations).Loads.Learned(static _ => new AdaptiveMemory());
        for (var i = 0; i < ModelTrial.Cold; i++)
        {
            memory.Trial.Predicted(1, 1, 0);
        }

        var chosen = StrategyList.Create(strategy, _cluster.Registry);
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < times; i++)
        {
            var note = default(PickNote);
            var facts = new InferenceFacts { PromptBytes = 1600, Choices = 1 };
            var request = new PickRequest(new DefaultHttpContext(), new Client(1, null, PriorityBand.Standard, 1), ref note, in facts)
            {
                Model = model, Work = new RequestWork(400, 20), UsualPrompt = 400,
            };
            seen.Add(chosen.Pick(request, _cluster.State, _cluster.State.DestinationsState.AvailableDestinations)!.DestinationId);
        }

        return string.Join(' ', seen);
    }

    [Theory]
    [InlineData(Strategies.LeastLoaded)]
    [InlineData(Strategies.Adaptive)]
    public void Who_has_the_adapter_is_asked_for_it_and_all_are_asked_for_what_nobody_says_to_have(string strategy)
    {
        Says("a", new ReportedFacts { RunningAdapters = ["other-lora"] });
        Says("b", new ReportedFacts { RunningAdapters = ["other-lora", "sql-lora"] });
        Assert.Equal("b", Picks(strategy, Sql));
        Assert.Equal("a b c", Picks(strategy, ModelKey.Of("base")));
        Assert.Equal("a b c", Picks(strategy, 0));
        Says("c", new ReportedFacts { WaitingAdapters = ["sql-lora"] });
        Assert.Equal("b c", Picks(strategy, Sql));
        Says("a", new ReportedFacts { RunningAdapters = ["sql-lora"] });
        Assert.Equal("a b c", Picks(strategy, Sql));
    }

    /// <summary>Two prompts of an adapter, twenty of a model: one less waits, as many, one more.</summary>
    [Theory]
    [InlineData(false, 1, "b")]
    [InlineData(false, 2, "a b c")]
    [InlineData(false, 3, "a c")]
    [InlineData(true, 19, "b")]
    [InlineData(true, 20, "a b c")]
    [InlineData(true, 21, "a c")]
    public void It_is_not_worth_more_than_loading_it(bool isModel, int prompts, string expected)
    {
        Says("b", isModel ? new ReportedFacts { ResidentModels = ["sql-lora"] } : new ReportedFacts { RunningAdapters = ["sql-lora"] });
        _cluster["b"].Load.Reserve(new RequestWork(400 * prompts, 0), default);
        foreach (var id in new[] { "a", "b", "c" })
        {
            for (var i = _cluster[id].Load.InFlight; i < 1; i++)
            {
                _cluster[id].Load.Reserve();
            }
        }

        Assert.Equal(expected, Picks(Strategies.LeastLoaded, Sql));
    }

    [Fact]
    public void A_report_that_is_old_says_nothing()
    {
        Says("b", new ReportedFacts { RunningAdapters = ["sql-lora"] }, goodFor: 1);
        _cluster.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("b", Picks(Strategies.LeastLoaded, Sql));
        _cluster.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("a b c", Picks(Strategies.LeastLoaded, Sql));
    }

    [Fact]
    public void A_model_tagged_latest_is_known_without_the_tag()
    {
        Says("b", new ReportedFacts { ResidentModels = ["llama3:latest"] });
        Assert.Equal("b", Picks(Strategies.LeastLoaded, ModelKey.Of("llama3")));
        Assert.Equal("b", Picks(Strategies.LeastLoaded, ModelKey.Of("llama3:latest")));
        Assert.Equal("a b c", Picks(Strategies.LeastLoaded, ModelKey.Of("llama3:8b")));
    }

    [Fact]
    public void One_that_is_full_is_not_asked_though_it_has_it()
    {
        Says("b", new ReportedFacts { RunningAdapters = ["sql-lora"] });
        _cluster["b"].Load.MaxInFlight = 0;
        Assert.Equal("a c", Picks(Strategies.LeastLoaded, Sql));
        Assert.Equal("a c", Picks(Strategies.Adaptive, Sql));
    }
}
