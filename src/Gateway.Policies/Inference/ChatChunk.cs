using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace BlazeGateway.Policies.Inference;

/// <summary>A token count in an event.</summary>
/// <param name="Range">Where it stands.</param>
/// <param name="Value">The count.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CountedTokens(BodyRange Range, int Value);

/// <summary>
/// One event of a streamed chat completion or completion, with the places of everything that names the answer and of its text. Ranges are of the event's bytes;
/// text is left as it stands between its quotes.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct ChatChunk
{
    /// <summary>Whether it has a line of data.</summary>
    public bool HasData { get; private set; }

    /// <summary>Whether it is <c>[DONE]</c>.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether it brings anything but text: tool calls, reasoning, a refusal, log probabilities, a second choice, an error, what is not JSON.</summary>
    public bool IsUnusual { get; private set; }

    /// <summary>The answer's id, quotes included.</summary>
    public BodyRange Id { get; private set; }

    /// <summary>When it was created.</summary>
    public BodyRange Created { get; private set; }

    /// <summary>Name of its model, quotes included.</summary>
    public BodyRange Model { get; private set; }

    /// <summary>The whole of <c>delta</c>.</summary>
    public BodyRange Delta { get; private set; }

    /// <summary>Text, without quotes.</summary>
    public BodyRange Text { get; private set; }

    /// <summary>Whether the delta names a role.</summary>
    public bool HasRole { get; private set; }

    /// <summary>Whether it says why the answer ended.</summary>
    public bool HasFinish { get; private set; }

    /// <summary>Whether it says nothing but that the assistant speaks.</summary>
    public readonly bool IsRoleOnly => HasRole && Text.Length == 0 && !HasFinish && !IsUnusual && Completion.Range.Length == 0;

    /// <summary>Tokens of the prompt; length 0 when they are not told.</summary>
    public CountedTokens Prompt { get; private set; }

    /// <summary>Tokens of the answer.</summary>
    public CountedTokens Completion { get; private set; }

    /// <summary>Both.</summary>
    public CountedTokens Total { get; private set; }

    /// <summary>Reads one whole event.</summary>
    public static ChatChunk Read(ReadOnlySpan<byte> frame)
    {
        var chunk = default(ChatChunk);
        for (var at = 0; at < frame.Length;)
        {
            var line = frame[at..];
            var length = line.IndexOfAny((byte)'\n', (byte)'\r');
            line = length < 0 ? line : line[..length];
            if (line.StartsWith("data:"u8))
            {
                chunk.IsUnusual |= chunk.HasData;
                chunk.HasData = true;
                chunk.ReadData(line, at);
            }

            at += line.Length + 1;
        }

        return chunk;
    }

    private void ReadData(ReadOnlySpan<byte> line, int at)
    {
        var start = line.Length > 5 && line[5] == ' ' ? 6 : 5;
        var data = line[start..];
        if (data.StartsWith("[DONE]"u8))
        {
            IsDone = true;
            return;
        }

        try
        {
            var reader = new Utf8JsonReader(data);
            if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadRoot(ref reader, at + start);
            }
            else
            {
                IsUnusual = true;
            }
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            IsUnusual = true;
        }
    }

    private void ReadRoot(ref Utf8JsonReader reader, int offset)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8))
            {
                Id = Value(ref reader, offset);
            }
            else if (reader.ValueTextEquals("created"u8))
            {
                Created = Value(ref reader, offset);
            }
            else if (reader.ValueTextEquals("model"u8))
            {
                Model = Value(ref reader, offset);
            }
            else if (reader.ValueTextEquals("choices"u8))
            {
                reader.Read();
                ReadChoices(ref reader, offset);
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                reader.Read();
                ReadUsage(ref reader, offset);
            }
            else
            {
                var mayBeThere = !reader.ValueTextEquals("error"u8);
                reader.Read();
                IsUnusual |= !mayBeThere && reader.TokenType != JsonTokenType.Null;
                reader.Skip();
            }
        }
    }

    private void ReadChoices(ref Utf8JsonReader reader, int offset)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            IsUnusual |= reader.TokenType != JsonTokenType.Null;
            reader.Skip();
            return;
        }

        for (var count = 1; reader.Read() && reader.TokenType != JsonTokenType.EndArray; count++)
        {
            if (count > 1 || reader.TokenType != JsonTokenType.StartObject)
            {
                IsUnusual = true;
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                ReadChoice(ref reader, offset);
            }
        }
    }

    private void ReadChoice(ref Utf8JsonReader reader, int offset)
    {
        if (reader.ValueTextEquals("delta"u8))
        {
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            ReadDelta(ref reader, offset);
            Delta = new BodyRange(offset + start, (int)reader.BytesConsumed - start);
        }
        else if (reader.ValueTextEquals("text"u8))
        {
            ReadText(ref reader, offset);
        }
        else if (reader.ValueTextEquals("finish_reason"u8))
        {
            reader.Read();
            // SGLang has an empty one in every event but the last.
            HasFinish |= reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
            IsUnusual |= reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null);
            reader.Skip();
        }
        else
        {
            var isLog = reader.ValueTextEquals("logprobs"u8);
            reader.Read();
            IsUnusual |= isLog && reader.TokenType != JsonTokenType.Null;
            reader.Skip();
        }
    }

    private void ReadDelta(ref Utf8JsonReader reader, int offset)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("content"u8))
            {
                ReadText(ref reader, offset);
                continue;
            }

            var isRole = reader.ValueTextEquals("role"u8);
            reader.Read();
            HasRole |= isRole && reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
            IsUnusual |= !isRole && !IsEmpty(ref reader);
            reader.Skip();
        }
    }

    private void ReadText(ref Utf8JsonReader reader, int offset)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            Text = new BodyRange(offset + (int)reader.TokenStartIndex + 1, reader.ValueSpan.Length);
            return;
        }

        IsUnusual |= reader.TokenType != JsonTokenType.Null;
        reader.Skip();
    }

    private void ReadUsage(ref Utf8JsonReader reader, int offset)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("prompt_tokens"u8))
            {
                Prompt = Count(ref reader, offset);
            }
            else if (reader.ValueTextEquals("completion_tokens"u8))
            {
                Completion = Count(ref reader, offset);
            }
            else if (reader.ValueTextEquals("total_tokens"u8))
            {
                Total = Count(ref reader, offset);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private static CountedTokens Count(ref Utf8JsonReader reader, int offset)
    {
        var range = Value(ref reader, offset);
        return reader.TokenType == JsonTokenType.Number && Utf8Parser.TryParse(reader.ValueSpan, out int value, out var used) && used == reader.ValueSpan.Length
            ? new CountedTokens(range, value)
            : default;
    }

    private static BodyRange Value(ref Utf8JsonReader reader, int offset)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return new BodyRange(offset + start, (int)reader.BytesConsumed - start);
    }

    /// <summary>Whether a member says nothing: null, an empty string or an empty array. Leaves the reader where <see cref="Utf8JsonReader.Skip"/> goes on.</summary>
    private static bool IsEmpty(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return reader.TokenType == JsonTokenType.Null || (reader.TokenType == JsonTokenType.String && reader.ValueSpan.IsEmpty);
        }

        reader.Read();
        var isEmpty = reader.TokenType == JsonTokenType.EndArray;
        while (!isEmpty && reader.TokenType != JsonTokenType.EndArray)
        {
            reader.Skip();
            reader.Read();
        }

        return isEmpty;
    }
}
