namespace BlazeGateway.Benchmarks.Faults;

/// <summary>How long scenarios last and how many requests they send.</summary>
internal sealed record FaultDurations
{
    /// <summary>How often <c>kill</c> kills.</summary>
    public int Repeats { get; init; } = 5;

    /// <summary>Seconds of load before a fault.</summary>
    public double BeforeSeconds { get; init; } = 4;

    /// <summary>Seconds a server is dead or stopped.</summary>
    public double DownSeconds { get; init; } = 7;

    /// <summary>Seconds of load after that.</summary>
    public double AfterSeconds { get; init; } = 5;

    /// <summary>Seconds all are dead.</summary>
    public double OutageSeconds { get; init; } = 5;

    /// <summary>Requests of each row of <c>flaky</c>.</summary>
    public int FlakyRequests { get; init; } = 10_000;

    /// <summary>Seconds <c>schedule</c> lasts.</summary>
    public double ScheduleSeconds { get; init; } = 600;

    /// <summary>Streams of each row of <c>cut</c> and <c>error-first</c>.</summary>
    public int Streams { get; init; } = 100;

    /// <summary>Seconds <c>overload</c> overloads.</summary>
    public double OverloadSeconds { get; init; } = 30;

    /// <summary>Seconds for which <c>half-dead</c> kills each server, and after that breaks it by half.</summary>
    public double HalfDeadSeconds { get; init; } = 5;

    /// <summary>Seconds of each row of <c>fair</c>.</summary>
    public double FairSeconds { get; init; } = 40;

    /// <summary>For continuous integration.</summary>
    public static FaultDurations Short { get; } = new()
    {
        Repeats = 1,
        BeforeSeconds = 2,
        DownSeconds = 4,
        AfterSeconds = 4,
        OutageSeconds = 3,
        FlakyRequests = 1000,
        ScheduleSeconds = 60,
        Streams = 50,
        OverloadSeconds = 15,
        HalfDeadSeconds = 3,
        FairSeconds = 20,
    };
}
