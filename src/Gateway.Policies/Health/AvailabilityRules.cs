namespace BlazeGateway.Policies.Health;

/// <summary>The numbers the state machine goes by. One set per cluster; only the last three are configured.</summary>
internal sealed record AvailabilityRules
{
    /// <summary>Failed attempts in a row that eject. A refused connection ejects at once.</summary>
    public int FailuresInARow { get; init; } = 2;

    /// <summary>Failed probes in a row that are believed.</summary>
    public int Fall { get; init; } = 2;

    /// <summary>Successful probes in a row that bring a destination back without any traffic.</summary>
    public int Rise { get; init; } = 2;

    /// <summary>Length of a first ejection; each further one is twice as long. An interval of this length in service takes one back.</summary>
    public TimeSpan FirstEjection { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest ejection, before jitter.</summary>
    public TimeSpan LongestEjection { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Most that is added to an ejection, as a part of it.</summary>
    public double Jitter { get; init; } = 0.1;

    /// <summary>Least time a destination is left out that failed some requests, where those of others wait for room.</summary>
    public TimeSpan Respite { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Least time that streams that had begun must stand still for a destination to be wedged.</summary>
    public TimeSpan StandStill { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The same of streams that have not begun: they may be waiting behind requests that others sent, or for a model to be loaded.</summary>
    public TimeSpan StandStillBefore { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Times as long as the prompts it has to compute should take, that a destination may be silent.</summary>
    public double PromptPatience { get; init; } = 2;

    /// <summary>Whether failed attempts count.</summary>
    public bool Ejects { get; init; } = true;

    /// <summary>How long a circuit that opened stays open; null for as long as the ejection it stands for.</summary>
    public TimeSpan? Break { get; init; }

    /// <summary>How long a destination that returns or joins is eased in; zero for not at all.</summary>
    public TimeSpan SlowStart { get; init; }

    /// <summary>The rules of a cluster.</summary>
    public static AvailabilityRules Of(ClusterExtensions extensions)
    {
        var health = extensions.Health;
        return new() { Ejects = health.Eject, Break = extensions.CircuitBreaker.BreakDuration, SlowStart = (health.SlowStart ?? extensions.ModelServer is not null) ? health.SlowStartWindow : TimeSpan.Zero };
    }
}
