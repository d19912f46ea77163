using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Bench;

/// <summary>
/// Watches a body as it arrives: bytes, optional digest, and for streams the events: first content, gaps between contents, end mark.
/// Events may be split anywhere. All events of one read carry that read's time, as a client would see them.
/// </summary>
internal sealed class BodyObserver(Dialect dialect, bool isStream, bool computesHash) : IDisposable
{
    private const int MaxEventBytes = 1024 * 1024;
    private readonly IncrementalHash? _hash = computesHash ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    private readonly ArrayBufferWriter<byte> _line = new(256);
    private readonly ArrayBufferWriter<byte> _event = new(256);
    private bool _skipLineFeed;

    /// <summary>Timestamp of the bytes about to be fed.</summary>
    public long Now { get; set; }

    /// <summary>Whether the body is read as a stream of events; set when its head says it is an answer.</summary>
    public bool ReadsEvents { get; set; }

    public long Bytes { get; private set; }

    /// <summary>Timestamp of the first event with content, 0 before.</summary>
    public long FirstContentAt { get; private set; }

    public long LastContentAt { get; private set; }

    public int ContentEvents { get; private set; }

    /// <summary>Tokens by the server's count, else 0.</summary>
    public long Tokens { get; private set; }

    /// <summary>The end mark came.</summary>
    public bool IsComplete { get; private set; }

    public bool HasError { get; private set; }

    public bool IsMalformed { get; private set; }

    /// <summary>Time from each content event to the next, in timestamp ticks.</summary>
    public List<long> Gaps { get; } = [];

    public bool IsStream => isStream;

    public void Reset()
    {
        Bytes = 0;
        FirstContentAt = 0;
        LastContentAt = 0;
        ContentEvents = 0;
        Tokens = 0;
        IsComplete = false;
        HasError = false;
        IsMalformed = false;
        ReadsEvents = false;
        Gaps.Clear();
        _line.ResetWrittenCount();
        _event.ResetWrittenCount();
        _skipLineFeed = false;
        TakeHash();
    }

    public void Feed(ReadOnlySpan<byte> data)
    {
        Bytes += data.Length;
        _hash?.AppendData(data);
        if (!ReadsEvents || IsMalformed)
        {
            return;
        }

        while (!data.IsEmpty)
        {
            if (_skipLineFeed)
            {
                _skipLineFeed = false;
                if (data[0] == (byte)'\n')
                {
                    data = data[1..];
                    continue;
                }
            }

            var end = data.IndexOfAny((byte)'\n', (byte)'\r');
            if (end < 0)
            {
                Keep(data);
                return;
            }

            Complete(data[..end]);
            _skipLineFeed = data[end] == (byte)'\r';
            data = data[(end + 1)..];
        }
    }

    /// <summary>The body is over; a last line without a line break counts for line-delimited JSON.</summary>
    public void End()
    {
        if (ReadsEvents && dialect == Dialect.Ollama && _line.WrittenCount > 0)
        {
            Complete([]);
        }
    }

    /// <summary>SHA-256 of the body in hexadecimal; null when not asked for. Starts the next digest.</summary>
    public string? TakeHash() => _hash is null ? null : Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash?.Dispose();

    private void Keep(ReadOnlySpan<byte> part)
    {
        IsMalformed |= _line.WrittenCount + part.Length > MaxEventBytes;
        if (!IsMalformed)
        {
            _line.Write(part);
        }
    }

    private void Complete(ReadOnlySpan<byte> part)
    {
        if (_line.WrittenCount == 0)
        {
            Line(part);
            return;
        }

        Keep(part);
        Line(_line.WrittenSpan);
        _line.ResetWrittenCount();
    }

    private void Line(ReadOnlySpan<byte> line)
    {
        if (dialect == Dialect.Ollama)
        {
            Event(line);
            return;
        }

        if (line.IsEmpty)
        {
            Event(_event.WrittenSpan);
            _event.ResetWrittenCount();
        }
        else if (line.StartsWith("data:"u8))
        {
            if (_event.WrittenCount > 0)
            {
                _event.Write("\n"u8);
            }

            IsMalformed |= _event.WrittenCount + line.Length > MaxEventBytes;
            _event.Write(line[(line.Length > 5 && line[5] == (byte)' ' ? 6 : 5)..]);
        }
        else if (line.StartsWith("error:"u8))
        {
            HasError = true;
        }
    }

    private void Event(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty || IsMalformed)
        {
            return;
        }

        if (payload.SequenceEqual("[DONE]"u8))
        {
            IsComplete = true;
            return;
        }

        try
        {
            Note(EventFacts.Read(payload));
        }
        catch (JsonException)
        {
            IsMalformed = true;
        }
    }

    private void Note(EventFacts facts)
    {
        IsComplete |= facts.IsEnd;
        HasError |= facts.IsError;
        Tokens = Math.Max(Tokens, facts.Tokens);
        if (!facts.HasContent)
        {
            return;
        }

        ContentEvents++;
        if (FirstContentAt == 0)
        {
            FirstContentAt = Now;
        }
        else
        {
            Gaps.Add(Now - LastContentAt);
        }

        LastContentAt = Now;
    }
}
