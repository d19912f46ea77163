using System.Text;
using Microsoft.Net.Http.Headers;

namespace BlazeGateway.Hosting;

/// <summary>
/// Makes the server refuse a Content-Length that is not digits only, such as <c>+3</c>, which its own number parser takes for 3 while others do not.
/// The server asks for an encoding per header; this one turns anything but at most nineteen digits into text that is no number, which is answered 400.
/// </summary>
internal sealed class ContentLengthDigits : Encoding
{
    private const int LongestNumber = 19;

    private static readonly ContentLengthDigits Instance = new();

    private ContentLengthDigits()
    {
    }

    /// <summary>The encoding of a header's value; null for the server's own. Called for every header, so it compares a reference: the server knows this header and passes its constant.</summary>
    public static Encoding? Select(string header) => ReferenceEquals(header, HeaderNames.ContentLength) ? Instance : null;

    /// <inheritdoc />
    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        if (bytes.Length is 0 or > LongestNumber || bytes.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            chars[0] = '?';
            return 1;
        }

        for (var i = 0; i < bytes.Length; i++)
        {
            chars[i] = (char)bytes[i];
        }

        return bytes.Length;
    }

    /// <inheritdoc />
    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) => Latin1.GetChars(bytes, byteIndex, byteCount, chars, charIndex);

    /// <inheritdoc />
    public override int GetCharCount(byte[] bytes, int index, int count) => count;

    /// <inheritdoc />
    public override int GetByteCount(char[] chars, int index, int count) => count;

    /// <inheritdoc />
    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) => Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    /// <inheritdoc />
    public override int GetMaxByteCount(int charCount) => charCount;

    /// <inheritdoc />
    public override int GetMaxCharCount(int byteCount) => byteCount;
}
