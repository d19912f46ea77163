using System.Text.Json;

namespace BlazeGateway.Bench;

/// <summary>What one event of an inference stream says, whichever dialect it is in.</summary>
internal readonly record struct EventFacts
{
    /// <summary>Generated content: text, reasoning, or a tool call.</summary>
    public bool HasContent { get; private init; }

    /// <summary>The event that ends a whole answer (Anthropic, Ollama, OpenAI responses; chat's <c>[DONE]</c> is not JSON).</summary>
    public bool IsEnd { get; private init; }

    /// <summary>An error in place of an answer.</summary>
    public bool IsError { get; private init; }

    /// <summary>Tokens generated so far by the server's own count, 0 when it does not say.</summary>
    public long Tokens { get; private init; }

    /// <summary>Reads one event. A single pass without building a document.</summary>
    /// <exception cref="JsonException">The event is not JSON.</exception>
    public static EventFacts Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var facts = default(EventFacts);
        var type = EventType.None;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            var isTop = reader.CurrentDepth == 1;
            if (isTop && reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = TypeOf(ref reader);
            }
            else if (isTop && reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                facts = facts with { IsError = facts.IsError || reader.TokenType != JsonTokenType.Null };
            }
            else if (isTop && reader.ValueTextEquals("done"u8))
            {
                reader.Read();
                facts = facts with { IsEnd = reader.TokenType == JsonTokenType.True };
            }
            else
            {
                facts = Property(ref reader, facts);
            }
        }

        return type switch
        {
            EventType.ContentDelta => facts with { HasContent = true },
            EventType.End => facts with { HasContent = false, IsEnd = true },
            EventType.Error => facts with { HasContent = false, IsError = true },
            EventType.Other => facts with { HasContent = false },
            _ => facts,
        };
    }

    private static EventFacts Property(ref Utf8JsonReader reader, EventFacts facts)
    {
        if (IsTextName(ref reader))
        {
            reader.Read();
            return reader.TokenType == JsonTokenType.String && !reader.ValueTextEquals(""u8) ? facts with { HasContent = true } : facts;
        }

        if (reader.ValueTextEquals("tool_calls"u8) || reader.ValueTextEquals("function_call"u8))
        {
            reader.Read();
            return reader.TokenType == JsonTokenType.Null ? facts : facts with { HasContent = true };
        }

        if (reader.ValueTextEquals("completion_tokens"u8) || reader.ValueTextEquals("output_tokens"u8) || reader.ValueTextEquals("eval_count"u8))
        {
            reader.Read();
            return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var tokens) ? facts with { Tokens = tokens } : facts;
        }

        return facts;
    }

    private static bool IsTextName(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("response"u8)
        || reader.ValueTextEquals("reasoning_content"u8) || reader.ValueTextEquals("reasoning"u8) || reader.ValueTextEquals("thinking"u8);

    private static EventType TypeOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return EventType.None;
        }

        if (reader.ValueTextEquals("content_block_delta"u8) || reader.ValueTextEquals("response.output_text.delta"u8)
            || reader.ValueTextEquals("response.reasoning_text.delta"u8) || reader.ValueTextEquals("response.function_call_arguments.delta"u8))
        {
            return EventType.ContentDelta;
        }

        if (reader.ValueTextEquals("message_stop"u8) || reader.ValueTextEquals("response.completed"u8)
            || reader.ValueTextEquals("response.incomplete"u8))
        {
            return EventType.End;
        }

        return reader.ValueTextEquals("error"u8) || reader.ValueTextEquals("response.failed"u8) ? EventType.Error : EventType.Other;
    }

    private enum EventType
    {
        None,
        ContentDelta,
        End,
        Error,
        Other,
    }
}
