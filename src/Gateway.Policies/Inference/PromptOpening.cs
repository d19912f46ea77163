using System.Buffers;
using System.IO.Hashing;
using System.Text.Json;

namespace BlazeGateway.Policies.Inference;

/// <summary>
/// What a conversation begins with: tools, system prompt, and messages to the end of the first one of a user. It is the same in every turn, and another in every
/// conversation; what is common to all of them, such as a system prompt, does not put them together. Of a prompt that is no list of messages its first
/// <see cref="LongestPlain"/> bytes.
/// </summary>
internal static class PromptOpening
{
    /// <summary>Bytes of a prompt that is one text.</summary>
    public const int LongestPlain = 1024;

    /// <summary>Bytes of a list of messages that are looked through.</summary>
    public const int Longest = 64 * 1024;

    /// <summary>Its hash, with those of model and cache salt; 0 for a request without a prompt.</summary>
    /// <param name="body">The body <paramref name="facts"/> was read from.</param>
    /// <param name="facts">What the body says.</param>
    public static ulong Hash(in ReadOnlySequence<byte> body, in InferenceFacts facts)
    {
        var (hash, isEmpty) = (XxHash3.HashToUInt64(facts.Model, (long)facts.CacheSalt), true);
        for (var i = 0; i < facts.Prompt.Length; i++)
        {
            var part = facts.Prompt[i];
            if (part.Length == 0)
            {
                continue;
            }

            var length = (PeekField)((int)PeekField.Tools + i) switch
            {
                PeekField.Messages or PeekField.Input => FirstTurn(body.Slice(part.Offset, Math.Min(part.Length, Longest))),
                PeekField.Prompt => Math.Min(part.Length, LongestPlain),
                _ => part.Length,
            };
            var its = PromptFingerprint.Hash(body, new BodyRange(part.Offset, (int)length));
            hash = (hash ^ its) * 0x9E3779B97F4A7C15;
            isEmpty = false;
        }

        return isEmpty ? 0 : hash | 1;
    }

    /// <summary>Bytes to the end of the first message of a user; of something else, those of a plain prompt. What a parser found whole may be cut here, and no more than that.</summary>
    private static long FirstTurn(in ReadOnlySequence<byte> messages)
    {
        var reader = new Utf8JsonReader(messages, isFinalBlock: false, default);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return Math.Min(messages.Length, LongestPlain);
        }

        var isUser = false;
        while (reader.Read())
        {
            if (reader is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 2 } && reader.ValueTextEquals("role"u8))
            {
                isUser = reader.Read() && reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("user"u8);
            }
            else if (reader is { TokenType: JsonTokenType.EndObject, CurrentDepth: 1 } && isUser)
            {
                return reader.BytesConsumed;
            }
        }

        return Math.Min(messages.Length, LongestPlain);
    }
}
