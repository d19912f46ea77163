using System.Text.RegularExpressions;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using CsCheck;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.Health;

/// <summary>Whatever happens, in whatever order: only legal transitions, no limit broken, and every place that tells the state tells the same.</summary>
public sealed partial class AvailabilityPropertyTests
{
    private static readonly HealthCheckConfig Checks = new() { Active = new ActiveHealthCheckConfig { Enabled = true }, Passive = new PassiveHealthCheckConfig { Enabled = true } };
    private static readonly AttemptOutcome[] Outcomes = Enum.GetValues<AttemptOutcome>();
    private static readonly ProbeFindingKind[] Findings = Enum.GetValues<ProbeFindingKind>();
    private static readonly string[] Ids = ["a", "b", "c", "d", "e", "f"];

    private static readonly HashSet<(string From, string To)> Legal =
    [
        ("up", "suspect"), ("up", "ejected"), ("up", "loading"), ("up", "draining"),
        ("suspect", "up"), ("suspect", "ejected"), ("suspect", "half-open"), ("suspect", "loading"), ("suspect", "draining"),
        ("ejected", "half-open"), ("ejected", "suspect"), ("ejected", "loading"), ("ejected", "draining"),
        ("half-open", "up"), ("half-open", "ejected"), ("half-open", "suspect"), ("half-open", "loading"), ("half-open", "draining"),
        ("loading", "half-open"), ("loading", "up"), ("loading", "draining"),
        ("up", "wedged"), ("suspect", "wedged"), ("half-open", "wedged"),
        ("wedged", "half-open"), ("wedged", "suspect"), ("wedged", "ejected"), ("wedged", "loading"), ("wedged", "draining"),
        ("draining", "up"), ("draining", "suspect"), ("draining", "ejected"), ("draining", "loading"),
    ];

    [Fact]
    public void Ten_thousand_random_sequences_break_no_rule() =>
        Gen.Select(Gen.Int[1, 6], Gen.Int[0, 1], Gen.Int, Gen.Int[0, 1_000_000].Array[5, 60]).Sample(
            (count, kind, seed, steps) => Play(count, kind == 0 ? TestCluster.ModelServers : TestCluster.Plain, seed, steps), iter: 10_000);

    private static void Play(int count, ClusterExtensions extensions, int seed, int[] steps)
    {
        using var cluster = new TestCluster(extensions, Checks, seed, [], Ids[..count]);
        var attempts = new List<Sent>();
        foreach (var step in steps)
        {
            Do(cluster, attempts, step);
            Check(cluster, attempts);
        }

        foreach (var id in cluster.State.Destinations.Keys)
        {
            cluster.State.Destinations[id].Health.Active = DestinationHealth.Healthy;
            cluster.State.Destinations[id].Health.Passive = DestinationHealth.Healthy;
            cluster.Registry.SetDraining(cluster.State, id, draining: false);
        }

        cluster.Registry.UpdateAvailableDestinations(cluster.State);
        for (var i = 0; i < 4; i++)
        {
            cluster.Advance(331);
            foreach (var id in cluster.State.Destinations.Keys)
            {
                cluster.Probe(id, ProbeFindingKind.Alive);
                cluster.Attempt(id, AttemptOutcome.Answered);
                if (cluster[id].TryTakeTrial(out var trial))
                {
                    cluster[id].Ended(trial, AttemptOutcome.Answered);
                }
            }

            Check(cluster, attempts);
        }

        Assert.All(cluster.State.Destinations.Keys, id => Assert.Equal("up", cluster.StateOf(id)));
        Assert.True(((CandidateSet)cluster.State.DestinationsState.AvailableDestinations).Count == cluster.State.Destinations.Count);
    }

    private static void Do(TestCluster cluster, List<Sent> attempts, int step)
    {
        var ids = cluster.State.Destinations.Keys.Order(StringComparer.Ordinal).ToArray();
        var id = ids[step / 16 % ids.Length];
        var choice = step / 128;
        switch (step % 16)
        {
            case 0 or 1 or 2:
                attempts.Add(new(id, cluster[id].TryTakeTrial(out var taken) ? taken : cluster[id].Word.WithTrial(false), cluster.Registry.Now));
                break;
            case 3 or 4 or 5 or 6 when attempts.Count > 0:
                var (on, word, _) = attempts[choice % attempts.Count];
                attempts.RemoveAt(choice % attempts.Count);
                cluster[on].Ended(word, Outcomes[choice / 64 % Outcomes.Length]);
                break;
            case 7 or 8:
                cluster.Probe(id, Findings[choice % Findings.Length], isHard: choice % 3 > 0);
                break;
            case 10:
                cluster.Advance(choice % 30);
                break;
            case 11 when choice % 3 > 0:
                cluster.Advance(choice % 30);
                break;
            case 11:
                cluster[id].Take(new AvailabilityEvent(choice % 2 == 0 ? AvailabilityInput.StoodStill : AvailabilityInput.Needed));
                break;
            case 9 when choice % 3 > 0:
                cluster.Probe(id, Findings[choice % Findings.Length], isHard: choice % 3 > 1);
                break;
            case 9:
                cluster[id].Load.Came(cluster.Registry.Clock);
                break;
            case 12 when choice % 3 == 2:
                cluster.Registry.ProbingEnded(cluster.State.Destinations[id]);
                break;
            case 12:
                cluster.Registry.SetDraining(cluster.State, id, draining: choice % 2 == 0);
                break;
            case 13:
                cluster.State.Destinations[id].Health.Active = (DestinationHealth)(choice % 3);
                cluster.State.Destinations[id].Health.Passive = (DestinationHealth)(choice / 3 % 3);
                cluster.Registry.UpdateAvailableDestinations(cluster.State);
                break;
            case 14 when ids.Length > 1 && choice % 2 == 0:
                cluster.Remove(id);
                attempts.RemoveAll(attempt => attempt.Id == id);
                cluster.Registry.UpdateAllDestinations(cluster.State);
                break;
            case 14 when ids.Length < Ids.Length:
                cluster.Add(Ids.Except(ids, StringComparer.Ordinal).First());
                cluster.Registry.UpdateAllDestinations(cluster.State);
                break;
            default:
                cluster.Attempt(id, Outcomes[choice % Outcomes.Length]);
                break;
        }
    }

    private static void Check(TestCluster cluster, List<Sent> attempts)
    {
        var members = cluster.State.Destinations.Values.Select(cluster.Registry.Of).ToArray();
        var states = members.Select(member => cluster.StateOf(member.Destination.DestinationId)).ToArray();
        var pool = states.Count(state => state != "draining");
        Assert.True(states.Count(state => state is "ejected" or "wedged") * 2 <= pool, "more than half is ejected");

        // Of trials that have not had their time yet.
        Assert.All(members, member => Assert.InRange(
            attempts.Count(attempt => attempt.Word.IsTrialTaken && attempt.Id == member.Destination.DestinationId && attempt.Word.Epoch == member.Word.Epoch
                && member.Word.State == AvailabilityState.HalfOpen && cluster.Registry.Now - attempt.At < DestinationAvailability.TrialLease),
            0,
            member.Word.IsTrialTaken ? 1 : 0));

        var isPanic = members.Count(member => member.Facts.State != AvailabilityState.Draining && !member.Facts.IsAvailable) * 2 > pool;
        var expected = members.Where(member => member.Facts is { State: AvailabilityState.Up } or { State: AvailabilityState.Suspect, IsDead: false }
            || (isPanic && member.Facts is { State: AvailabilityState.Ejected or AvailabilityState.HalfOpen, IsDead: false }));
        Assert.Equal(string.Join(' ', expected.Select(member => member.Destination.DestinationId).Order(StringComparer.Ordinal)), cluster.Candidates);

        foreach (var line in cluster.Log.Take())
        {
            var match = Transition().Match(line);
            Assert.True(match.Success && Legal.Contains((match.Groups["from"].Value, match.Groups["to"].Value)) || line.Contains("its address changed", StringComparison.Ordinal), line);
        }
    }

    private readonly record struct Sent(string Id, AvailabilityWord Word, TimeSpan At);

    [GeneratedRegex(@"\) is (?<to>[a-z-]+): .*\. It was (?<from>[a-z-]+) for ", RegexOptions.CultureInvariant)]
    private static partial Regex Transition();
}
