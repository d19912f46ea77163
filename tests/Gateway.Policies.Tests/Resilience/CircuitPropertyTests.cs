using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Tests.Health;
using CsCheck;
using Polly.CircuitBreaker;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Tests.Resilience;

/// <summary>Whatever happens, in whatever order: circuit and availability never contradict each other, and neither keeps a destination out for ever.</summary>
public sealed class CircuitPropertyTests
{
    private static readonly HealthCheckConfig Checks = new() { Active = new ActiveHealthCheckConfig { Enabled = true }, Passive = new PassiveHealthCheckConfig { Enabled = true } };
    private static readonly AttemptOutcome[] Failures = [AttemptOutcome.ServerError, AttemptOutcome.ConnectRefused, AttemptOutcome.ConnectFailed, AttemptOutcome.BrokenOff, AttemptOutcome.Nothing];
    private static readonly ProbeFindingKind[] Findings = Enum.GetValues<ProbeFindingKind>();
    private static readonly string[] Ids = ["a", "b", "c", "d"];

    private static int _openings;

    [Fact]
    public void Word_and_circuit_never_contradict_each_other()
    {
        _openings = 0;
        Gen.Select(Gen.Int[1, 4], Gen.Int[2, 6], Gen.Int, Gen.Int[0, 1_000_000].Array[20, 150]).Sample(Play, iter: 5_000);
        Assert.True(_openings > 1_000, $"only {_openings} circuits opened");
    }

    private static void Play(int count, int least, int seed, int[] steps)
    {
        var breaker = new CircuitBreakerOptions { MinimumThroughput = least, FailureRatio = 0.5, BreakDuration = seed % 3 == 0 ? TimeSpan.FromSeconds(4) : null };
        using var cluster = new TestCluster((seed % 2 == 0 ? TestCluster.ModelServers : TestCluster.Plain) with { CircuitBreaker = breaker }, Checks, seed, [], Ids[..count]);
        var attempts = new List<(string Id, AvailabilityWord Word)>();
        foreach (var step in steps)
        {
            Do(cluster, attempts, step);
            Check(cluster);
        }

        foreach (var id in Ids[..count])
        {
            cluster.State.Destinations[id].Health.Active = DestinationHealth.Healthy;
            cluster.State.Destinations[id].Health.Passive = DestinationHealth.Healthy;
            cluster.Registry.Reset(cluster.State, id);
            cluster.Registry.SetDraining(cluster.State, id, draining: false);
        }

        cluster.Registry.UpdateAvailableDestinations(cluster.State);
        cluster.Advance(331);
        foreach (var id in Ids[..count])
        {
            cluster.Probe(id, ProbeFindingKind.Alive, times: 3);
            Assert.Equal(("up", CircuitState.Closed), (cluster.StateOf(id), cluster[id].Circuit!.State));
        }
    }

    private static void Do(TestCluster cluster, List<(string Id, AvailabilityWord Word)> attempts, int step)
    {
        var id = Ids[step / 32 % cluster.State.Destinations.Count];
        var choice = step / 128;
        switch (step % 32)
        {
            case < 8:
                attempts.Add((id, cluster[id].TryTakeTrial(out var taken) ? taken : cluster[id].Word.WithTrial(false)));
                break;
            case < 16 when attempts.Count > 0:
                var (on, word) = attempts[choice % attempts.Count];
                attempts.RemoveAt(choice % attempts.Count);
                cluster[on].Ended(word, choice % 3 == 0 ? AttemptOutcome.Answered : Failures[choice / 3 % Failures.Length]);
                break;
            case < 20:
                cluster.Attempt(id, AttemptOutcome.Answered);
                break;
            case < 24:
                cluster.Attempt(id, Failures[choice % Failures.Length]);
                break;
            case 24 or 25:
                cluster.Advance(choice % 15);
                break;
            case 26:
                cluster.Probe(id, Findings[choice % Findings.Length], isHard: choice % 3 > 0);
                break;
            case 27:
                cluster.State.Destinations[id].Health.Active = (DestinationHealth)(choice % 3);
                cluster.State.Destinations[id].Health.Passive = (DestinationHealth)(choice / 3 % 3);
                cluster.Registry.UpdateAvailableDestinations(cluster.State);
                break;
            case 28:
                cluster.Registry.SetDraining(cluster.State, id, draining: choice % 2 == 0);
                break;
            case 29:
                _ = choice % 3 == 0 ? cluster.Registry.Isolate(cluster.State, id) : cluster.Registry.Reset(cluster.State, id);
                break;
            case 30:
                cluster.Move(id, $"http://127.0.0.1:{9 + (choice % 2)}/");
                break;
            default:
                if (cluster[id].TryTakeTrial(out var trial))
                {
                    cluster[id].TrialAnswered(trial, choice % 2 == 0 ? 200 : 503);
                    attempts.Add((id, trial));
                }

                break;
        }
    }

    private static void Check(TestCluster cluster)
    {
        foreach (var destination in cluster.State.Destinations.Values)
        {
            var member = cluster.Registry.Of(destination);
            var state = cluster.StateOf(destination.DestinationId);
            Assert.True(CircuitAgreement.Holds(member.Facts, member.Circuit!), $"{state} ({member.Facts.Reason}) with the circuit {member.Circuit!.State}");
            Assert.Equal(CircuitAgreement.Shown(member.Facts, member.Circuit), member.Metrics.ShownCircuit);
            _openings += member.Circuit!.State == CircuitState.Open ? 1 : 0;
        }
    }
}
