using BlazeGateway.Benchmarks.Faults.Servers;

namespace BlazeGateway.Benchmarks.Faults.Scenarios;

/// <summary>A script of faults.</summary>
internal abstract class FaultScenario
{
    /// <summary>What it is called in the table.</summary>
    public abstract string Name { get; }

    /// <summary>What the gateway is told besides its defaults.</summary>
    public virtual GatewaySettings Settings { get; } = new();

    /// <summary>How much each of the servers can do.</summary>
    public virtual EngineSize Size => EngineSize.Ample;

    /// <summary>What is promised of the gateway in comparison with others in the same run. Default: nothing.</summary>
    public virtual IReadOnlyList<PeerPromise> PeerPromises { get; } = [];

    /// <summary>Whether it makes sense behind that front end. Default: behind all.</summary>
    public virtual bool IsFor(FaultFrontEnd frontEnd) => true;

    /// <summary>Loads the front end, breaks what is behind it, and tells what came of it. Attempts were counted from 0 just before.</summary>
    public abstract Task<FaultRow> RunAsync(FaultTrial trial, CancellationToken cancellation);
}

/// <summary>Every scenario, by the name it is asked for.</summary>
internal static class FaultScenarios
{
    private static readonly Dictionary<string, FaultScenario[]> Known = new(StringComparer.Ordinal)
    {
        ["kill"] = [new KillScenario()],
        ["stop"] = [StopScenario.Learned, StopScenario.Unlearned],
        ["reset"] = [new HeadScenario("reset", "rst=head;path=/v1/chat")],
        ["close"] = [new HeadScenario("close", "fin=head;path=/v1/chat")],
        ["cut"] = [new CutScenario("cut after", "rst=after:3;path=/v1/chat", isBoundary: true), new CutScenario("cut mid", "rst=mid:3;path=/v1/chat", isBoundary: false)],
        ["error-first"] = [new FirstErrorScenario("error-first one", struck: 1), new FirstErrorScenario("error-first all", struck: 3)],
        ["limited"] = [new LimitedScenario("limited one", [5]), new LimitedScenario("limited all", [9, 5, 7])],
        ["outage"] = [new OutageScenario()],
        ["flaky"] = [FlakyScenario.Slow, FlakyScenario.Busy],
        ["schedule"] = [new ScheduleScenario()],
        ["overload"] = [new OverloadScenario()],
        ["half-dead"] = [new HalfDeadScenario()],
        ["fair"] = [new FairShareScenario(), FairPriorityScenario.Unreserved, FairPriorityScenario.Reserved],
    };

    /// <summary>Their names.</summary>
    public static IEnumerable<string> Names => Known.Keys;

    /// <summary>Those of these names, in the order of the names.</summary>
    /// <exception cref="ArgumentException">There is none of a name.</exception>
    public static IReadOnlyList<FaultScenario> Find(IEnumerable<string> names) => [.. names.SelectMany(name => Known.TryGetValue(name, out var rows)
        ? rows
        : throw new ArgumentException($"--scenario names '{name}', which is not known; known are {string.Join(", ", Names)}."))];
}
