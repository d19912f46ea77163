using System.Net;
using BlazeGateway.Policies.Clients;
using Microsoft.Extensions.Primitives;

namespace BlazeGateway.Policies.Tests.Clients;

public sealed class ForwardedAddressTests
{
    private const string Proxy = "10.0.0.1";
    private static readonly AddressRange[] Proxies = [Range("10.0.0.0/8"), Range("fd00::/8")];

    [Theory]
    [InlineData("the peer is no known proxy", "192.0.2.1", "198.51.100.7", "192.0.2.1")]
    [InlineData("one entry", Proxy, "198.51.100.7", "198.51.100.7")]
    [InlineData("only the right-most counts", Proxy, "203.0.113.9, 198.51.100.7", "198.51.100.7")]
    [InlineData("what the client wrote is not even read", Proxy, "nonsense, , 198.51.100.7", "198.51.100.7")]
    [InlineData("known proxies are passed over", Proxy, "203.0.113.9, 198.51.100.7, 10.9.9.9 ,\t10.8.8.8", "198.51.100.7")]
    [InlineData("proxies with a port", Proxy, "198.51.100.7:4711, 10.9.9.9:80", "198.51.100.7")]
    [InlineData("IPv6 client", Proxy, "[2001:db8::1]:4711", "2001:db8::1")]
    [InlineData("IPv6 proxy", "fd00::1", "198.51.100.7, fd00::2", "198.51.100.7")]
    [InlineData("proxy as IPv4-mapped", "::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7")]
    [InlineData("client as IPv4-mapped", Proxy, "::ffff:198.51.100.7", "198.51.100.7")]
    [InlineData("nothing but proxies: the first of them", Proxy, "10.7.7.7, 10.9.9.9", "10.7.7.7")]
    [InlineData("empty", Proxy, "", Proxy)]
    [InlineData("malformed right-most", Proxy, "198.51.100.7, unknown", Proxy)]
    [InlineData("malformed behind a proxy", Proxy, "198.51.100.7, unknown, 10.9.9.9", Proxy)]
    [InlineData("trailing comma", Proxy, "198.51.100.7,", Proxy)]
    public void The_client_is_the_right_most_stranger(string what, string peer, string forwarded, string expected) =>
        Assert.True(AddressNumber.Of(IPAddress.Parse(expected)) == Resolve(peer, forwarded), what);

    [Fact]
    public void Without_the_header_the_client_is_the_proxy() =>
        Assert.Equal(AddressNumber.Of(IPAddress.Parse(Proxy)), Resolve(Proxy, StringValues.Empty));

    [Fact]
    public void Several_lines_are_one_list() => Assert.Equal(
        AddressNumber.Of(IPAddress.Parse("198.51.100.7")), Resolve(Proxy, new StringValues(["203.0.113.9", "198.51.100.7, 10.9.9.9", "10.8.8.8"])));

    [Theory]
    [InlineData(ForwardedAddress.MaxHops - 1, true)]
    [InlineData(ForwardedAddress.MaxHops, false)]
    public void The_way_back_has_an_end(int proxies, bool found)
    {
        var forwarded = "198.51.100.7" + string.Concat(Enumerable.Repeat(", 10.9.9.9", proxies));
        Assert.Equal(AddressNumber.Of(IPAddress.Parse(found ? "198.51.100.7" : Proxy)), Resolve(Proxy, forwarded));
    }

    private static UInt128 Resolve(string peer, StringValues forwarded) =>
        ForwardedAddress.Resolve(AddressNumber.Of(IPAddress.Parse(peer)), forwarded, Proxies);

    private static AddressRange Range(string text) => AddressRange.TryParse(text, out var range) ? range : throw new FormatException(text);
}
