using System.Buffers;

namespace BlazeGateway.Policies.Inference;

/// <summary>Writes the gateway's errors in the client's dialect: as the body of an answer, or as the last frame of a stream that has begun.</summary>
internal static class ErrorEnvelope
{
    /// <summary>Media type of an error body, in every dialect.</summary>
    public const string ContentType = "application/json";

    /// <summary>Writes an error body.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="dialect">The client's dialect.</param>
    /// <param name="error">What went wrong.</param>
    /// <param name="message">Sentence in place of the error's own; must hold no address, key, prompt or exception text.</param>
    public static void Write(IBufferWriter<byte> output, Dialect dialect, GatewayError error, string? message = null)
    {
        message ??= error.Message;
        switch (dialect)
        {
            case Dialect.Anthropic:
                Raw(output, "{\"type\":\"error\",\"error\":{\"type\":\""u8);
                Text(output, error.AnthropicType);
                Raw(output, "\",\"message\":\""u8);
                Text(output, message);
                Raw(output, "\"}}"u8);
                break;
            case Dialect.Ollama:
                Raw(output, "{\"error\":\""u8);
                Text(output, message);
                Raw(output, "\"}"u8);
                break;
            default:
                Raw(output, "{\"error\":{\"message\":\""u8);
                Text(output, message);
                Raw(output, "\",\"type\":\""u8);
                Text(output, error.Type);
                Raw(output, "\",\"param\":null,\"code\":\""u8);
                Text(output, error.Code);
                Raw(output, "\"}}"u8);
                break;
        }
    }

    /// <summary>Writes the frame that ends a broken stream. Valid only at a frame boundary; no <c>[DONE]</c> follows, so clients raise.</summary>
    public static void WriteFrame(IBufferWriter<byte> output, Dialect dialect, GatewayError error, string? message = null)
    {
        Raw(output, dialect switch
        {
            Dialect.Anthropic => "event: error\ndata: "u8,
            Dialect.Ollama => default,
            _ => "data: "u8,
        });
        Write(output, dialect, error, message);
        Raw(output, dialect == Dialect.Ollama ? "\n"u8 : "\n\n"u8);
    }

    private static void Raw(IBufferWriter<byte> output, ReadOnlySpan<byte> bytes) => output.Write(bytes);

    private static void Text(IBufferWriter<byte> output, string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            var span = output.GetSpan(6);
            if (rune.Value is '"' or '\\' or < 0x20)
            {
                "\\u00"u8.CopyTo(span);
                span[4] = Hex(rune.Value >> 4);
                span[5] = Hex(rune.Value & 15);
                output.Advance(6);
            }
            else
            {
                output.Advance(rune.EncodeToUtf8(span));
            }
        }
    }

    private static byte Hex(int nibble) => (byte)(nibble < 10 ? '0' + nibble : 'a' + nibble - 10);
}
