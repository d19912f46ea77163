using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline.Continuation;

/// <summary>
/// What has to change in a request's body so that another model server goes on where the first one stopped. Read once, when a stream begins on a route that asks for
/// it; none for requests whose answer cannot be cut in two and put together again.
/// </summary>
internal sealed class ContinuableRequest
{
    /// <summary>Members that make an answer which is more than text, or text that must be looked at as a whole.</summary>
    private static readonly string[] Unsuitable =
    [
        "tools", "tool_choice", "functions", "function_call", "response_format", "guided_json", "guided_regex", "guided_choice", "guided_grammar",
        "structured_outputs", "structural_tag", "json_schema", "grammar", "regex", "ebnf", "logprobs", "top_logprobs", "prompt_logprobs", "echo", "suffix", "stop",
        "use_beam_search", "return_token_ids", "return_tokens_as_token_ids", "truncate_prompt_tokens", "prompt_embeds", "audio", "modalities", "prediction",
        "continue_final_message", "n_probs",
    ];

    private readonly List<Limit> _limits = [];
    private readonly bool _isChat;
    private BodyRange _text;
    private BodyRange _generation;
    private bool _isFirstMessage;

    private ContinuableRequest(bool isChat) => _isChat = isChat;

    /// <summary>Most tokens the client wants of the answer; null when it does not say.</summary>
    public int? MaxTokens { get; private set; }

    /// <summary>Reads the body of <paramref name="context"/>; null when its answer cannot be continued.</summary>
    public static ContinuableRequest? Read(RequestContext context)
    {
        ref var facts = ref context.Facts;
        if (facts.Choices > 1 || facts.Store || facts.Background || context.Body.IsEmpty)
        {
            return null;
        }

        try
        {
            var request = new ContinuableRequest(context.Record.Operation == Operation.ChatCompletions);
            var reader = new Utf8JsonReader(context.Body.Content, new JsonReaderOptions { MaxDepth = 1024 });
            return request.Read(ref reader) ? request : null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            // Not JSON, or names that are no text: the server may make of it what it likes.
            return null;
        }
    }

    /// <summary>The body for the destination that goes on.</summary>
    /// <param name="context">The request, with the changes that are made to its body anyway.</param>
    /// <param name="text">What the client has of the text, as it stands in JSON.</param>
    /// <param name="tokens">How many tokens that was.</param>
    public byte[] Compose(RequestContext context, ReadOnlySpan<byte> text, int tokens)
    {
        var edits = new List<(long Offset, int Removed, byte[] Inserted)>();
        for (var i = 0; i < context.Splices.Count; i++)
        {
            var splice = context.Splices[i];
            edits.Add((splice.Offset, splice.Removed, splice.Inserted.ToArray()));
        }

        foreach (var limit in _limits)
        {
            var rest = Math.Max(limit.Least, limit.Value - tokens);
            edits.Add((limit.Range.Offset, limit.Range.Length, Encoding.ASCII.GetBytes(rest.ToString(CultureInfo.InvariantCulture))));
        }

        if (text.IsEmpty)
        {
            // Nothing to continue: the question is asked anew.
            return Apply(context.Body.Content, edits);
        }

        if (_isChat)
        {
            edits.Add((_text.Offset, 0, [.. _isFirstMessage ? ""u8 : ","u8, .. "{\"role\":\"assistant\",\"content\":\""u8, .. text, .. "\"}"u8]));
        }
        else
        {
            edits.Add((_text.Offset, 0, text.ToArray()));
        }

        if (_isChat && ContinuingKinds.WantsFlags(context.Cluster!.Options.ModelServer?.Kind))
        {
            AddFlags(edits, context.Body.Content);
        }

        return Apply(context.Body.Content, edits);
    }

    private bool Read(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!ReadMember(ref reader))
            {
                return false;
            }
        }

        return _text.Offset > 0;
    }

    private bool ReadMember(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals(_isChat ? "messages"u8 : "prompt"u8))
        {
            reader.Read();
            return _isChat ? ReadMessages(ref reader) : ReadPrompt(ref reader);
        }

        if (reader.ValueTextEquals("max_tokens"u8) || reader.ValueTextEquals("max_completion_tokens"u8) || reader.ValueTextEquals("n_predict"u8))
        {
            return ReadLimit(ref reader, least: 1);
        }

        if (reader.ValueTextEquals("min_tokens"u8))
        {
            return ReadLimit(ref reader, least: 0);
        }

        if (reader.ValueTextEquals("add_generation_prompt"u8))
        {
            reader.Read();
            _generation = new BodyRange((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex));
            return reader.TokenType == JsonTokenType.True;
        }

        var isUnsuitable = false;
        foreach (var name in Unsuitable)
        {
            isUnsuitable |= reader.ValueTextEquals(name);
        }

        reader.Read();
        if (isUnsuitable && reader.TokenType is not (JsonTokenType.Null or JsonTokenType.False) && !IsEmptyOrUsual(reader))
        {
            return false;
        }

        reader.Skip();
        return true;
    }

    /// <summary>Whether a value is one that asks for nothing: an empty list or object, the plain text format, or no tool. The reader is a copy.</summary>
    private static bool IsEmptyOrUsual(Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return reader.ValueTextEquals("none"u8) || reader.ValueTextEquals(""u8);
            case JsonTokenType.StartArray:
                return reader.Read() && reader.TokenType == JsonTokenType.EndArray;
            case JsonTokenType.StartObject when IsEmptyObject(reader):
                return true;
            case JsonTokenType.StartObject:
                return reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("type"u8) && reader.Read() && reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("text"u8)
                    && reader.Read() && reader.TokenType == JsonTokenType.EndObject;
            default:
                return false;
        }
    }

    private static bool IsEmptyObject(Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.EndObject;

    private bool ReadMessages(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        _isFirstMessage = true;
        var isAssistants = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            _isFirstMessage = false;
            isAssistants = ReadMessage(ref reader);
        }

        // An answer that the client has begun itself would be put behind its beginning as a message of its own.
        _text = new BodyRange((int)reader.TokenStartIndex, 0);
        return !isAssistants;
    }

    /// <summary>Whether a message is the assistant's.</summary>
    private static bool ReadMessage(ref Utf8JsonReader reader)
    {
        var isAssistants = false;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return isAssistants;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRole = reader.ValueTextEquals("role"u8);
            reader.Read();
            isAssistants = isRole ? reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("assistant"u8) : isAssistants;
            reader.Skip();
        }

        return isAssistants;
    }

    private bool ReadPrompt(ref Utf8JsonReader reader)
    {
        _text = new BodyRange((int)reader.BytesConsumed - 1, 0);
        return reader.TokenType == JsonTokenType.String;
    }

    private bool ReadLimit(ref Utf8JsonReader reader, int least)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return true;
        }

        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var value))
        {
            return false;
        }

        if (value < 0)
        {
            // llama.cpp: as many as there is room for.
            return true;
        }

        _limits.Add(new Limit(new BodyRange((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex)), value, least));
        MaxTokens = least == 1 ? Math.Min(MaxTokens ?? int.MaxValue, value) : MaxTokens;
        return true;
    }

    private void AddFlags(List<(long Offset, int Removed, byte[] Inserted)> edits, in ReadOnlySequence<byte> body)
    {
        if (_generation.Length > 0)
        {
            edits.Add((_generation.Offset, _generation.Length, "false"u8.ToArray()));
        }

        // No body is empty that has messages, so a comma always belongs there.
        var open = body.PositionOf((byte)'{')!.Value;
        var at = body.Slice(body.Start, open).Length + 1;
        edits.Add((at, 0, _generation.Length > 0 ? "\"continue_final_message\":true,"u8.ToArray() : "\"continue_final_message\":true,\"add_generation_prompt\":false,"u8.ToArray()));
    }

    private static byte[] Apply(in ReadOnlySequence<byte> body, List<(long Offset, int Removed, byte[] Inserted)> edits)
    {
        // In order of offset; those at the same place stay in theirs.
        var ordered = edits.OrderBy(static edit => edit.Offset).ToArray();
        var output = new ArrayBufferWriter<byte>((int)body.Length + edits.Sum(static edit => edit.Inserted.Length));
        var from = 0L;
        foreach (var (offset, removed, inserted) in ordered)
        {
            Copy(body.Slice(from, offset - from), output);
            output.Write(inserted);
            from = offset + removed;
        }

        Copy(body.Slice(from), output);
        return output.WrittenSpan.ToArray();
    }

    private static void Copy(in ReadOnlySequence<byte> bytes, ArrayBufferWriter<byte> output)
    {
        foreach (var part in bytes)
        {
            output.Write(part.Span);
        }
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Limit(BodyRange Range, int Value, int Least);
}
