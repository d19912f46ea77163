using System.Text;
using BlazeGateway.Hosting;
using CsCheck;
using Microsoft.Net.Http.Headers;

namespace BlazeGateway.Tests.Hosting;

public class ContentLengthDigitsTests
{
    [Fact]
    public void Other_headers_keep_the_servers_own()
    {
        Assert.Null(ContentLengthDigits.Select(HeaderNames.ContentType));
        Assert.NotNull(ContentLengthDigits.Select(HeaderNames.ContentLength));
    }

    [Fact]
    public void Digits_stay_and_everything_else_is_no_number() => Gen.OneOf(Gen.String[Gen.Char["0123456789"], 0, 22], Gen.String[Gen.Char[" -+.0123456789abcdefxX\t"], 0, 40], Gen.String).Sample(text =>
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<char> chars = stackalloc char[20];
        var read = new string(chars[..ContentLengthDigits.Select(HeaderNames.ContentLength)!.GetChars(bytes, chars)]);
        if (text.Length is > 0 and <= 19 && text.All(char.IsAsciiDigit))
        {
            return read == text;
        }

        return !long.TryParse(read, out _);
    });
}
