using BlazeGateway.Bench;

namespace BlazeGateway.Benchmarks.Faults.Traffic;

/// <summary>What somebody wants answered, and every attempt its client made at it.</summary>
/// <param name="Tokens">Tokens of its answer.</param>
/// <param name="Attempts">What became of each, in order; one at least.</param>
internal sealed record LogicalRequest(int Tokens, IReadOnlyList<Answer> Attempts)
{
    /// <summary>When it was due, seconds from the start of the load.</summary>
    public double At => Attempts[0].At;

    /// <summary>When its last attempt ended, seconds from the start of the load.</summary>
    public double EndedAt => Attempts[^1].EndedAt;

    /// <summary>Whether its last attempt was good. An attempt is given up in time, so a good one came in time.</summary>
    public bool IsAnswered => Attempts[^1].IsGood;

    /// <summary>From when it was due to the end of its last attempt, with what its client waited between attempts.</summary>
    public double Milliseconds => 1000 * (EndedAt - At);

    /// <summary>Whether it was answered so many seconds after it was due, whatever number of attempts that took.</summary>
    public bool IsAnsweredWithin(double seconds) => IsAnswered && EndedAt - At <= seconds;

    /// <summary>Whether a client tries again after such an answer: as <see cref="RetrySchedule"/> says, and after one that did not come in time.</summary>
    public static bool IsTriedAgain(Answer answer) => answer.Outcome == LoadOutcome.Timeout || RetrySchedule.IsRetryable(answer.Outcome, answer.Status);
}
