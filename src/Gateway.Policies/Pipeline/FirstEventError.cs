using System.Buffers;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>An error that a destination sent as the first event of a stream with status 200.</summary>
/// <param name="Status">Status the answer gets instead.</param>
/// <param name="Code">Value of <c>X-Blaze-Error</c>.</param>
/// <param name="Body">The event's JSON, in the dialect the destination speaks.</param>
internal sealed record FirstEventError(int Status, string Code, ReadOnlyMemory<byte> Body)
{
    /// <summary>Whether it is the destination's fault and not the request's.</summary>
    public bool IsServerFault => ErrorStatuses.IsServerFault(Status);

    /// <summary>Whether the answer carries <c>Retry-After</c>.</summary>
    public bool WantsRetryAfter => Status is 429 or 503;

    /// <summary>Takes the error out of the bytes that were read; what is no JSON object is replaced by the gateway's own words.</summary>
    public static FirstEventError From(FirstEvent first, Dialect dialect, ReadOnlySpan<byte> bytes)
    {
        var body = new ArrayBufferWriter<byte>(256);
        while (bytes.Length > 0 && body.WrittenCount == 0)
        {
            var boundary = new EventBoundary();
            var end = dialect == Dialect.Ollama ? bytes.IndexOf((byte)'\n') + 1 : boundary.Find(bytes);
            var block = end > 0 ? bytes[..end] : bytes;
            bytes = bytes[block.Length..];
            foreach (var range in block.SplitAny("\r\n"u8))
            {
                Add(body, Data(dialect, block[range]));
            }
        }

        if (body.WrittenSpan is not [(byte)'{', ..])
        {
            body.ResetWrittenCount();
            ErrorEnvelope.Write(body, dialect, GatewayError.UpstreamErrorEvent);
        }

        return new FirstEventError(first.Status, GatewayError.UpstreamErrorEvent.Code, body.WrittenMemory);
    }

    private static ReadOnlySpan<byte> Data(Dialect dialect, ReadOnlySpan<byte> line)
    {
        var data = dialect == Dialect.Ollama ? line : line.StartsWith("data:"u8) ? line[5..] : line.StartsWith("error:"u8) ? line[6..] : default;
        return data.Trim((byte)' ');
    }

    private static void Add(ArrayBufferWriter<byte> body, ReadOnlySpan<byte> data)
    {
        if (data.Length > 0)
        {
            body.Write(body.WrittenCount > 0 ? "\n"u8 : default);
            body.Write(data);
        }
    }
}
