using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>Writes frames byte by byte, without a serializer between.</summary>
internal static class Bytes
{
    public static IBufferWriter<byte> Add(this IBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(output.GetSpan(bytes.Length));
        output.Advance(bytes.Length);
        return output;
    }

    public static IBufferWriter<byte> Add(this IBufferWriter<byte> output, long number)
    {
        var span = output.GetSpan(20);
        Utf8Formatter.TryFormat(number, span, out var written);
        output.Advance(written);
        return output;
    }

    /// <summary>Text as it stands inside a JSON string.</summary>
    public static IBufferWriter<byte> AddJson(this IBufferWriter<byte> output, string text) =>
        output.Add(JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes);

    /// <summary>Text that needs no escaping in JSON, or is escaped already.</summary>
    public static IBufferWriter<byte> Add(this IBufferWriter<byte> output, string text)
    {
        var span = output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        output.Advance(Encoding.UTF8.GetBytes(text, span));
        return output;
    }
}
