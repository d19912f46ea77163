using System.Text;
using BlazeGateway.Hosting;
using CsCheck;

namespace BlazeGateway.Tests.Hosting;

public class ContentLengthDigitsTests
{
    [Fact]
    public void Other_headers_keep_the_servers_own()
    {
        Assert.Null(ContentLengthDigits.Select("Content-Type"));
        Assert.Null(ContentLengthDigits.Select("Content-Lengt"));
        Assert.NotNull(ContentLengthDigits.Select("content-LENGTH"));
    }

    [Fact]
    public void Digits_stay_and_everything_else_is_no_number() => Gen.OneOf(Gen.String[Gen.Char["0123456789"], 0, 22], Gen.String[Gen.Char[" -+.0123456789abcdefxX\t"], 0, 40], Gen.String).Sample(text =>
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<char> chars = stackalloc char[20];
        var read = new string(chars[..ContentLengthDigits.Select("Content-Length")!.GetChars(bytes, chars)]);
        if (text.Length is > 0 and <= 19 && text.All(char.IsAsciiDigit))
        {
            return read == text;
        }

        return !long.TryParse(read, out _);
    });
}
