namespace BlazeGateway.Policies.Destinations;

/// <summary>One question to a destination whether it is alive.</summary>
internal static class DestinationProbe
{
    private const int Unavailable = 503;

    /// <summary>Asks, for at most <paramref name="patience"/>. Only the head of the answer counts.</summary>
    /// <param name="question">Whom and where to ask.</param>
    /// <param name="patience">Longest wait.</param>
    /// <param name="time">Clock.</param>
    /// <param name="stop">Ends the question; then an <see cref="OperationCanceledException"/> is thrown.</param>
    public static async Task<ProbeFinding> AskAsync(DestinationQuestion question, TimeSpan patience, TimeProvider time, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
        try
        {
            using var response = await question.ProbeAsync(either.Token);
            return new(Judge((int)response.StatusCode, question.Server.Kind), IsHard: true);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new(ProbeFindingKind.Silent, IsHard: true);
        }
        catch (Exception error) when (AskFailure.IsExpected(error))
        {
            stop.ThrowIfCancellationRequested();
            return new(AskFailure.Of(error).Kind, IsHard: true);
        }
    }

    /// <summary>What the status of an answer says. 401, 404 and the like are answers of a server that lives.</summary>
    public static ProbeFindingKind Judge(int status, string kind) => status switch
    {
        Unavailable => kind == ModelServerKinds.LlamaCpp ? ProbeFindingKind.Loading : ProbeFindingKind.Unavailable,
        >= 500 => ProbeFindingKind.ServerError,
        _ => ProbeFindingKind.Alive,
    };
}
