using System.Buffers;
using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>How a destination took the question for its load.</summary>
internal enum ReportOutcome : byte
{
    /// <summary>It told it.</summary>
    Told,

    /// <summary>It wants a credential, or another one.</summary>
    Unauthorized,

    /// <summary>It has no such path: it was started without metrics.</summary>
    Absent,

    /// <summary>It answers with another status that is no answer.</summary>
    Failing,

    /// <summary>It answers with something that tells no load.</summary>
    Unreadable,

    /// <summary>Its answer is larger than is read.</summary>
    TooLarge,

    /// <summary>No answer in time.</summary>
    Silent,

    /// <summary>No connection.</summary>
    Unreachable,
}

/// <summary>The outcomes as they are written in labels.</summary>
internal static class ReportOutcomes
{
    private static readonly string[] Names = ["told", "unauthorized", "absent", "failing", "unreadable", "too_large", "silent", "unreachable"];

    /// <summary>Number of outcomes.</summary>
    public static int Count => Names.Length;

    /// <summary>Label value.</summary>
    public static string Name(this ReportOutcome outcome) => Names[(int)outcome];

    /// <summary>Whether it will be the same until somebody changes the server or the configuration.</summary>
    public static bool IsRefusal(this ReportOutcome outcome) =>
        outcome is ReportOutcome.Unauthorized or ReportOutcome.Absent or ReportOutcome.Unreadable or ReportOutcome.TooLarge;
}

/// <summary>What came of one question for the load of a destination.</summary>
/// <param name="Outcome">How it took it.</param>
/// <param name="Status">Status of the answer; 0 without one.</param>
/// <param name="Facts">What it told.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ReportReply(ReportOutcome Outcome, int Status = 0, ReportedFacts? Facts = null)
{
    /// <summary>Longest wait for a whole answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private const int FirstBytes = 32 * 1024;

    /// <summary>Asks.</summary>
    /// <param name="question">Whom and where.</param>
    /// <param name="time">Clock for the wait.</param>
    /// <param name="stop">Ends the question; then an <see cref="OperationCanceledException"/> is thrown.</param>
    public static async Task<ReportReply> AskAsync(DestinationQuestion question, TimeProvider time, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
        try
        {
            using var response = await question.AskLoadAsync(either.Token);
            var status = (int)response.StatusCode;
            return status switch
            {
                >= 200 and < 300 => await ReadAsync(question.Server.Kind, response.Content, status, either.Token),
                401 or 403 => new(ReportOutcome.Unauthorized, status),
                404 or 405 or 501 => new(ReportOutcome.Absent, status),
                _ => new(ReportOutcome.Failing, status),
            };
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new(ReportOutcome.Silent);
        }
        catch (Exception error) when (AskFailure.IsExpected(error))
        {
            stop.ThrowIfCancellationRequested();
            return new(ReportOutcome.Unreachable);
        }
    }

    private static async Task<ReportReply> ReadAsync(string kind, HttpContent content, int status, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > ReportPage.MaxBytes)
        {
            return new(ReportOutcome.TooLarge, status);
        }

        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var page = ArrayPool<byte>.Shared.Rent(FirstBytes);
        try
        {
            var length = 0;
            int read;
            while ((read = await stream.ReadAsync(page.AsMemory(length), cancellationToken)) > 0)
            {
                length += read;
                if (length > ReportPage.MaxBytes)
                {
                    return new(ReportOutcome.TooLarge, status);
                }

                page = length == page.Length ? Larger(page) : page;
            }

            return ReportPage.Read(kind, page.AsSpan(0, length)) is { } facts ? new(ReportOutcome.Told, status, facts) : new(ReportOutcome.Unreadable, status);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(page);
        }
    }

    private static byte[] Larger(byte[] page)
    {
        var larger = ArrayPool<byte>.Shared.Rent(2 * page.Length);
        page.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(page);
        return larger;
    }
}
