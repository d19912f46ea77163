using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>An error that a destination sent as the first event of a stream with status 200.</summary>
/// <param name="Status">Status the answer gets instead.</param>
/// <param name="Code">Value of <c>X-Blaze-Error</c>.</param>
/// <param name="Body">The event's JSON, in the dialect the destination speaks.</param>
internal sealed record FirstEventError(int Status, string Code, ReadOnlyMemory<byte> Body)
{
    private const string ErrorCode = "upstream_error_event";

    /// <summary>Takes the error out of the bytes that were read.</summary>
    public static FirstEventError From(FirstEvent first, ReadOnlySpan<byte> bytes)
    {
        foreach (var range in bytes.SplitAny("\r\n"u8))
        {
            var line = bytes[range];
            var data = line.StartsWith("data:"u8) ? line[5..] : line.StartsWith("error:"u8) ? line[6..] : line;
            data = data.Trim((byte)' ');
            if (data is [(byte)'{', ..])
            {
                return new FirstEventError(first.Status, ErrorCode, data.ToArray());
            }
        }

        return new FirstEventError(first.Status, ErrorCode, default);
    }
}
