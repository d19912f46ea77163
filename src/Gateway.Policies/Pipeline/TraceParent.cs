using Microsoft.Extensions.Primitives;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>The trace id of a W3C <c>traceparent</c>, read without starting a trace of our own.</summary>
internal static class TraceParent
{
    private const int Length = 55;

    /// <summary>The 32 hexadecimal digits; null when there is no sound header.</summary>
    public static string? TraceIdOf(StringValues header)
    {
        if (header.Count != 1 || header[0] is not { Length: >= Length } value || value[2] != '-' || value[35] != '-')
        {
            return null;
        }

        foreach (var digit in value.AsSpan(3, 32))
        {
            if (!char.IsAsciiHexDigitLower(digit))
            {
                return null;
            }
        }

        return value.Substring(3, 32);
    }
}
