using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Inference;

/// <summary>What the beginning of a streamed answer with status 200 turned out to be.</summary>
internal enum FirstEventKind : byte
{
    /// <summary>Not decided: read more before anything is sent to the client.</summary>
    NeedMore,

    /// <summary>An answer: send what was read and go on.</summary>
    Answer,

    /// <summary>An error of the request: answer with its status.</summary>
    ClientError,

    /// <summary>A failure of the model server: try another destination, else answer with its status.</summary>
    ServerError,
}

/// <summary>Decides whether a 200 that streams is an answer, before its first byte is sent on.</summary>
/// <param name="Kind">The decision.</param>
/// <param name="Status">Status to answer with: the error's own for one of the request; 503 for overload and 502 for other failures of the server; else 200.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FirstEvent(FirstEventKind Kind, int Status)
{
    /// <summary>Most bytes looked at. A first event that is larger is an answer.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Looks at everything read so far.</summary>
    /// <param name="dialect">Dialect of the stream.</param>
    /// <param name="bytes">Everything read from its start.</param>
    /// <param name="ended">Whether nothing will follow.</param>
    public static FirstEvent Classify(Dialect dialect, ReadOnlySpan<byte> bytes, bool ended = false)
    {
        var scanner = new StreamScanner(dialect);
        var window = bytes.Length > MaxBytes ? bytes[..MaxBytes] : bytes;
        while (window.Length > 0 && scanner.Events == 0)
        {
            var line = window.IndexOfAny((byte)'\n', (byte)'\r') + 1;
            scanner.Feed(line == 0 ? window : window[..line]);
            window = line == 0 ? default : window[line..];
        }

        if (ended && scanner.Events == 0)
        {
            scanner.Complete();
        }

        if (scanner.ErrorStatus != 0)
        {
            return OfError(scanner.ErrorStatus);
        }

        var decided = scanner.Events > 0 || ended || bytes.Length >= MaxBytes;
        return new FirstEvent(decided ? FirstEventKind.Answer : FirstEventKind.NeedMore, 200);
    }

    private static FirstEvent OfError(int status)
    {
        if (!ErrorStatuses.IsServerFault(status))
        {
            return new FirstEvent(FirstEventKind.ClientError, status);
        }

        return new FirstEvent(FirstEventKind.ServerError, status is 503 or 529 ? 503 : 502);
    }
}
