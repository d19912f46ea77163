using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.Tests.Health;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Tests.LoadBalancing;

/// <summary>What a request met: when it came, where it went, and how long it took, in seconds.</summary>
internal readonly record struct Met(double At, string Destination, double Took, bool IsFailed);

/// <summary>
/// Events in time, without threads: requests come at a steady rate, the strategy picks with the product's own objects, the destination answers after what
/// the scenario says. Failures go to the availability as attempts do, and a half-open destination is tried.
/// </summary>
internal sealed class Scenario : IDisposable
{
    private readonly PriorityQueue<(string Id, double Began, double Took, AvailabilityWord Word, bool IsFailed), double> _ends = new();
    private readonly DefaultHttpContext _http = new();
    private readonly TestCluster _cluster;
    private readonly Strategy _strategy;
    private double _now;

    public Scenario(string strategy, int destinations, int seed)
    {
        _cluster = new TestCluster(new ClusterExtensions(), null, seed, [], [.. Enumerable.Range(0, destinations).Select(i => "d" + i)]);
        _strategy = StrategyList.Create(strategy, _cluster.Registry);
    }

    /// <summary>Runs it.</summary>
    /// <param name="rate">Requests a second.</param>
    /// <param name="seconds">How long requests come.</param>
    /// <param name="answer">How long a destination takes for a request that comes at a time, and whether it fails.</param>
    public List<Met> Run(double rate, double seconds, Func<string, double, (double Took, bool IsFailed)> answer)
    {
        var met = new List<Met>();
        for (var i = 0; i < rate * seconds; i++)
        {
            End(i / rate);
            var (id, word) = Pick((ulong)i);
            var (took, isFailed) = answer(id, _now);
            met.Add(new Met(_now, id, took, isFailed));
            _cluster[id].Load.Reserve(default, _cluster.Registry.Clock);
            _ends.Enqueue((id, _now, took, word, isFailed), _now + took);
        }

        End(double.MaxValue);
        return met;
    }

    public void Dispose() => _cluster.Dispose();

    private (string Id, AvailabilityWord Word) Pick(ulong client)
    {
        foreach (var halfOpen in ((CandidateSet)_cluster.State.DestinationsState.AvailableDestinations).HalfOpen)
        {
            if (halfOpen.TryTakeTrial(out var trial))
            {
                return (halfOpen.Destination.DestinationId, trial);
            }
        }

        var picked = _strategy.Pick(new PickRequest(_http, new Client((client * 0x9E3779B97F4A7C15) | 1, null, PriorityBand.Standard, 1)), _cluster.State, _cluster.State.DestinationsState.AvailableDestinations)!.DestinationId;
        return (picked, _cluster[picked].Word.WithTrial(false));
    }

    private void End(double until)
    {
        while (_ends.TryPeek(out var end, out var at) && at <= until)
        {
            _ends.Dequeue();
            Advance(at);
            _cluster[end.Id].Load.Release();
            _cluster[end.Id].Load.Times.Of(0).FirstChunk.Add(end.IsFailed ? Math.Max(5, end.Took) : end.Took, _cluster.Registry.Clock);
            _cluster[end.Id].Ended(end.Word, end.IsFailed ? AttemptOutcome.ServerError : AttemptOutcome.Answered);
        }

        if (until < double.MaxValue)
        {
            Advance(until);
        }
    }

    private void Advance(double to)
    {
        if (to > _now)
        {
            _cluster.Time.Advance(TimeSpan.FromSeconds(to - _now));
            _now = to;
        }
    }
}
