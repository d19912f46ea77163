using System.Net;
using BlazeGateway.Configuration;

namespace BlazeGateway.Tests.Configuration;

public class ListenAddressTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8080", false, "127.0.0.1", 8080, true)]
    [InlineData("HTTP://127.0.0.1:8080/", false, "127.0.0.1", 8080, true)]
    [InlineData("https://10.0.0.1", true, "10.0.0.1", 443, false)]
    [InlineData("http://0.0.0.0", false, "0.0.0.0", 80, false)]
    [InlineData("http://[::1]:0", false, "::1", 0, true)]
    [InlineData("http://[::]", false, "::", 80, false)]
    [InlineData("http://127.0.0.1:65535", false, "127.0.0.1", 65535, true)]
    public void An_address_is_read(string text, bool isHttps, string address, int port, bool isLoopback)
    {
        var read = ListenAddress.Parse(text, "Proxy:Urls");
        Assert.Equal(new ListenAddress(isHttps, IPAddress.Parse(address), IsLocalhost: false, port), read);
        Assert.Equal(isLoopback, read.IsLoopback);
    }

    [Theory]
    [InlineData("http://*:8080", false)]
    [InlineData("http://+:8080", false)]
    [InlineData("http://localhost:8080", true)]
    public void A_name_for_several_addresses_is_read(string text, bool isLoopback)
    {
        var read = ListenAddress.Parse(text, "Proxy:Urls");
        Assert.Equal((null, 8080), (read.Address, read.Port));
        Assert.Equal(isLoopback, read.IsLoopback);
    }

    [Theory]
    [InlineData("127.0.0.1:8080", "http://")]
    [InlineData("ftp://127.0.0.1", "http://")]
    [InlineData("http://example.com:80", "IP address")]
    [InlineData("http://127.0.0.1:65536", "0 to 65535")]
    [InlineData("http://127.0.0.1:-1", "0 to 65535")]
    [InlineData("http://127.0.0.1:", "0 to 65535")]
    [InlineData("http://127.0.0.1/path", "nothing else")]
    [InlineData("http://a@127.0.0.1", "nothing else")]
    [InlineData("http://127.0.0.1?x", "nothing else")]
    [InlineData("http://", "IP address")]
    public void What_is_no_address_is_named_with_the_rule(string text, string rule)
    {
        var error = Assert.Throws<FormatException>(() => ListenAddress.Parse(text, "Proxy:Urls (--urls)"));
        Assert.Contains("Proxy:Urls (--urls)", error.Message, StringComparison.Ordinal);
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
        Assert.Contains(rule, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_are_parted_by_semicolons()
    {
        Assert.Equal([8080, 8443], ListenAddress.ParseAll("http://127.0.0.1:8080; https://127.0.0.1:8443;", "Proxy:Urls").Select(address => address.Port));
        Assert.Throws<FormatException>(() => ListenAddress.ParseAll(" ; ", "Proxy:Urls"));
    }
}
