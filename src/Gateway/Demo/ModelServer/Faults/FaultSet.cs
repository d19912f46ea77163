using BlazeGateway.Demo.ModelServer.Answers;

namespace BlazeGateway.Demo.ModelServer.Faults;

/// <summary>The faults in force, replaced whole at run time; counts how often each rule struck.</summary>
internal sealed class FaultSet(ulong seed, TimeProvider time)
{
    private volatile ActiveRule[] _rules = [];

    /// <summary>The plan in force.</summary>
    public FaultPlan Plan { get; private set; } = FaultPlan.None;

    /// <summary>Factor on the engine's steps now.</summary>
    public double Slowdown
    {
        get
        {
            var factor = 1.0;
            foreach (var rule in _rules)
            {
                factor *= rule.Rule.Kind == FaultKind.Slow && IsInForce(rule) ? rule.Rule.Factor : 1;
            }

            return factor;
        }
    }

    /// <summary>The refusal in force, if any.</summary>
    public FaultRule? Refusal => First(FaultKind.Refuse);

    public void Set(FaultPlan plan)
    {
        Plan = plan;
        var now = time.GetTimestamp();
        _rules = [.. plan.Rules.Select(rule => new ActiveRule(rule, now))];
    }

    /// <summary>The fault that strikes this request; null when none does.</summary>
    public FaultRule? Strike(string path)
    {
        var rules = _rules;
        for (var i = 0; i < rules.Length; i++)
        {
            var active = rules[i];
            if (active.Rule.IsPerRequest && Covers(active.Rule, path) && IsInForce(active) && Draw(active, (ulong)i))
            {
                return active.Rule;
            }
        }

        return null;
    }

    /// <summary>The fault that strikes this health request; null when none does.</summary>
    public FaultRule? StrikeHealth()
    {
        var rules = _rules;
        for (var i = 0; i < rules.Length; i++)
        {
            if (rules[i].Rule.Kind == FaultKind.Health && IsInForce(rules[i]) && Draw(rules[i], (ulong)i))
            {
                return rules[i].Rule;
            }
        }

        return First(FaultKind.Loading);
    }

    private static bool Covers(FaultRule rule, string path) => rule.Path is { } prefix
        ? path.StartsWith(prefix, StringComparison.Ordinal)
        : !path.StartsWith("/health", StringComparison.Ordinal) && !string.Equals(path, "/metrics", StringComparison.Ordinal);

    private FaultRule? First(FaultKind kind) => Array.Find(_rules, active => active.Rule.Kind == kind && IsInForce(active))?.Rule;

    private bool IsInForce(ActiveRule active) => active.Rule.Lasts is not { } lasts || time.GetElapsedTime(active.Since) < lasts;

    private bool Draw(ActiveRule active, ulong index)
    {
        var turn = active.NextTurn();
        return turn >= active.Rule.Skip
            && Chance.Fraction(Chance.Mix(seed, index), (ulong)turn) < active.Rule.Probability
            && active.TryStrike();
    }

    private sealed class ActiveRule(FaultRule rule, long since)
    {
        private long _turns = -1;
        private long _strikes;

        public FaultRule Rule { get; } = rule;

        public long Since { get; } = since;

        public long NextTurn() => Interlocked.Increment(ref _turns);

        public bool TryStrike() => Interlocked.Increment(ref _strikes) <= Rule.Count;
    }
}
