namespace BlazeGateway.Policies.Pipeline.Continuation;

/// <summary>What came of a stream that broke off and might have gone on.</summary>
internal enum ContinuationResult : byte
{
    /// <summary>The client has the whole of it.</summary>
    Completed,

    /// <summary>The next destination would not continue it.</summary>
    Refused,

    /// <summary>The cluster's retry budget is used up.</summary>
    Budget,

    /// <summary>No destination, attempt, time or room for its text is left.</summary>
    Exhausted,

    /// <summary>The client left.</summary>
    Abandoned,
}

/// <summary>Names of the results.</summary>
internal static class ContinuationResults
{
    public const int Count = (int)ContinuationResult.Abandoned + 1;

    /// <summary>Value of the metric's label.</summary>
    public static string Name(this ContinuationResult result) => result switch
    {
        ContinuationResult.Completed => "completed",
        ContinuationResult.Refused => "refused",
        ContinuationResult.Budget => "budget",
        ContinuationResult.Exhausted => "exhausted",
        _ => "abandoned",
    };
}
