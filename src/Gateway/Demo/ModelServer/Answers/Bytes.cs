using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>Writes frames byte by byte, without a serializer between.</summary>
internal static class Bytes
{
    public static IBufferWriter<byte> Add(this IBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        return output;
    }

    public static IBufferWriter<byte> Add(this IBufferWriter<byte> output, long number)
    {
        var span = output.GetSpan(20);
        Utf8Formatter.TryFormat(number, span, out var written);
        output.Advance(written);
        return output;
    }

    /// <summary>Text that needs no escaping in JSON, or is escaped already.</summary>
    public static IBufferWriter<byte> Add(this IBufferWriter<byte> output, string text)
    {
        Encoding.UTF8.GetBytes(text, output);
        return output;
    }
}
