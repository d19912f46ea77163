using System.Globalization;
using System.IO.Hashing;

namespace BlazeGateway.Policies.Destinations;

/// <summary>What came of one question to a destination.</summary>
/// <param name="Answer">How it took it.</param>
/// <param name="StatusCode">Status code; 0 without an answer.</param>
/// <param name="Reason">Short reason in words; empty when all is well.</param>
internal sealed record DestinationReply(DestinationAnswer Answer, int StatusCode, string Reason)
{
    /// <summary>Models told; null when none were.</summary>
    public ModelSet? Models { get; init; }

    /// <summary>Items of the list left out.</summary>
    public int Ignored { get; init; }

    /// <summary>Hash of the list's bytes; 0 when there is none.</summary>
    public ulong Hash { get; init; }

    /// <summary>Whether one such reply is enough to believe it. A refused connection is; silence or a 5xx may be a busy server.</summary>
    public bool IsConclusive { get; init; } = true;

    /// <summary>Why there was no answer; meaningful only without one.</summary>
    public ProbeFindingKind Failure { get; init; }

    /// <summary>What the reply says of the destination's health, for destinations that are asked nothing else.</summary>
    public ProbeFinding Finding => new(
        Answer switch
        {
            DestinationAnswer.Unreachable => Failure,
            DestinationAnswer.Failing when StatusCode >= 500 => ProbeFindingKind.ServerError,
            _ => ProbeFindingKind.Alive,
        },
        IsHard: false);

    /// <summary>Asks, within the options' time and size.</summary>
    /// <param name="question">What to ask.</param>
    /// <param name="options">Limits.</param>
    /// <param name="lastHash"><see cref="Hash"/> of the list last read; the same bytes are not read again and <see cref="Models"/> stays null.</param>
    /// <param name="time">Clock for the timeout.</param>
    /// <param name="stop">Ends the question; then an <see cref="OperationCanceledException"/> is thrown.</param>
    public static async Task<DestinationReply> AskAsync(
        DestinationQuestion question, ModelCatalogOptions options, ulong lastHash, TimeProvider time, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
        try
        {
            using var response = await question.SendAsync(either.Token);
            var status = (int)response.StatusCode;
            var reply = Judge(status);
            if (status is < 200 or > 299 || !question.ReadsModels)
            {
                return reply;
            }

            var body = await ReadAsync(response.Content, options.MaxAnswerBytes, either.Token);
            return ReadModels(reply, body, lastHash, options);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return Silent($"no answer within {options.Timeout.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s");
        }
        catch (Exception error) when (AskFailure.IsExpected(error))
        {
            stop.ThrowIfCancellationRequested();
            return Broken(AskFailure.Of(error));
        }
    }

    private static DestinationReply Judge(int status) => status switch
    {
        401 or 403 => new(DestinationAnswer.Unauthorized, status, "the credential is missing or wrong"),
        >= 500 => new(DestinationAnswer.Failing, status, "") { IsConclusive = false },
        >= 300 and < 400 => new(DestinationAnswer.Failing, status, "redirects are not followed; give the address it points to"),
        _ => new(DestinationAnswer.Answering, status, ""),
    };

    private static DestinationReply ReadModels(DestinationReply reply, byte[]? body, ulong lastHash, ModelCatalogOptions options)
    {
        if (body is null)
        {
            return reply with { Reason = $"the list of models is larger than {options.MaxAnswerBytes} bytes" };
        }

        var hash = XxHash3.HashToUInt64(body);
        if (hash == lastHash)
        {
            return reply with { Hash = hash };
        }

        return ModelListReader.Read(body, options.MaxModelsPerDestination) is { } list
            ? reply with { Hash = hash, Models = ModelSet.From(list.Entries), Ignored = list.Ignored }
            : reply with { Reason = "the answer is not a list of models" };
    }

    private static async Task<byte[]?> ReadAsync(HttpContent content, int maxBytes, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > maxBytes)
        {
            return null;
        }

        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(chunk, cancellationToken)) > 0)
        {
            if (body.Length + read > maxBytes)
            {
                return null;
            }

            body.Write(chunk, 0, read);
        }

        return body.ToArray();
    }

    private static DestinationReply Silent(string reason) => new(DestinationAnswer.Unreachable, 0, reason) { IsConclusive = false, Failure = ProbeFindingKind.Silent };

    private static DestinationReply Broken(AskFailure failure) =>
        new(DestinationAnswer.Unreachable, 0, failure.Reason) { IsConclusive = failure.IsConclusive, Failure = failure.Kind };
}
