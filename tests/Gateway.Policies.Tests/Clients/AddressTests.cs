using System.Net;
using BlazeGateway.Policies.Clients;
using CsCheck;

namespace BlazeGateway.Policies.Tests.Clients;

public sealed class AddressTests
{
    private static readonly Gen<string> _text = Gen.OneOf(
        Gen.Byte.Array[4].Select(bytes => new IPAddress(bytes).ToString()),
        Gen.Byte.Array[16].Select(bytes => new IPAddress(bytes).ToString()),
        Gen.Select(Gen.Int[0, 7], Gen.UShort.Array[8]).Select((zeros, groups) => string.Join(':', groups.Select((group, i) => i < zeros ? "0" : group.ToString("X")))),
        Gen.Byte.Array[4].Select(bytes => "::ffff:" + new IPAddress(bytes)),
        Gen.String[Gen.Char["0123456789abcdef:.[]% x"], 0, 24]);

    [Theory]
    [InlineData("1.2.3.4", "1.2.3.4")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("1.2.3.4:80", "1.2.3.4")]
    [InlineData("1.2.3.4:65535", "1.2.3.4")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    [InlineData("[2001:db8::1]", "2001:db8::1")]
    [InlineData("[2001:db8::1]:443", "2001:db8::1")]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("1::", "1::")]
    [InlineData("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8")]
    [InlineData("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0")]
    [InlineData("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8")]
    [InlineData("::ffff:1.2.3.4", "1.2.3.4")]
    [InlineData("64:ff9b::1.2.3.4", "64:ff9b::102:304")]
    [InlineData("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304")]
    [InlineData("FE80::ABCD", "fe80::abcd")]
    public void An_address_is_read(string text, string expected)
    {
        Assert.True(AddressText.TryParse(text, out var address));
        Assert.Equal(AddressNumber.Of(IPAddress.Parse(expected)), address);
    }

    [Theory]
    [InlineData("")]
    [InlineData("unknown")]
    [InlineData("_hidden")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("1.2.3.04")]
    [InlineData("1.2.3.")]
    [InlineData(".1.2.3")]
    [InlineData("1.2.3.+4")]
    [InlineData("1.2.3. 4")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("2130706433")]
    [InlineData("1.2.3.4:")]
    [InlineData("1.2.3.4:65536")]
    [InlineData("1.2.3.4:http")]
    [InlineData("1.2.3.4:000080")]
    [InlineData("2001:db8::1%eth0")]
    [InlineData("[2001:db8::1")]
    [InlineData("[2001:db8::1]443")]
    [InlineData("[1.2.3.4]")]
    [InlineData("[]")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1::2::3")]
    [InlineData(":1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4::5:6:7:8")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    [InlineData("1.2.3.4::1")]
    [InlineData("::1.2.3.4:1")]
    [InlineData("12345::")]
    [InlineData("g::")]
    [InlineData("\"1.2.3.4\"")]
    public void What_is_no_address_is_not_taken_for_one(string text) => Assert.False(AddressText.TryParse(text, out _));

    [Fact]
    public void Every_usual_notation_is_read_and_nothing_is_read_differently() => _text.Sample(
        text =>
        {
            if (!AddressText.TryParsePlain(text, out var address))
            {
                Assert.False(IPAddress.TryParse(text, out var known) && known.ToString() == text && known.ScopeId() == 0, text);
                return;
            }

            Assert.True(IPAddress.TryParse(text, out var expected), text);
            Assert.Equal(AddressNumber.Of(expected), address);
        },
        iter: 20_000);

    [Theory]
    [InlineData("1.2.3.4", "::ffff:1.2.3.4", true)]
    [InlineData("1.2.3.4", "1.2.3.5", false)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("2001:db8:1:2::1%3", "2001:db8:1:2::1", true)]
    public void Clients_are_told_apart_by_IPv4_address_and_by_IPv6_network(string one, string other, bool same) => Assert.Equal(
        same, AddressNumber.ClientPart(AddressNumber.Of(IPAddress.Parse(one))) == AddressNumber.ClientPart(AddressNumber.Of(IPAddress.Parse(other))));

    [Theory]
    [InlineData("10.0.0.0/8", "10.255.0.1", true)]
    [InlineData("10.0.0.0/8", "11.0.0.0", false)]
    [InlineData("10.1.2.3/8", "10.9.9.9", true)]
    [InlineData("10.1.2.3", "10.1.2.3", true)]
    [InlineData("10.1.2.3", "10.1.2.4", false)]
    [InlineData("10.1.2.3/32", "10.1.2.4", false)]
    [InlineData("0.0.0.0/0", "203.0.113.9", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    [InlineData("fd00::/8", "fdff::1", true)]
    [InlineData("fd00::/8", "fe00::1", false)]
    [InlineData("::/0", "2001:db8::1", true)]
    [InlineData("::1/128", "::1", true)]
    [InlineData("::1/128", "::2", false)]
    public void A_range_holds_its_addresses(string range, string address, bool holds)
    {
        Assert.True(AddressRange.TryParse(range, out var parsed));
        Assert.Equal(holds, parsed.Contains(AddressNumber.Of(IPAddress.Parse(address))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("::/129")]
    [InlineData("10.0.0.0:80")]
    [InlineData("[::1]")]
    [InlineData("proxy.example")]
    public void What_is_no_range_is_not_taken_for_one(string text) => Assert.False(AddressRange.TryParse(text, out _));

    [Theory]
    [InlineData("0.0.0.0/0", true)]
    [InlineData("::/0", true)]
    [InlineData("0.0.0.0/1", false)]
    [InlineData("2001:db8::/64", false)]
    [InlineData("::/96", false)]
    public void A_range_of_everything_is_seen(string text, bool everything)
    {
        Assert.True(AddressRange.TryParse(text, out var range));
        Assert.Equal(everything, range.IsEverything);
    }
}

file static class Scopes
{
    public static long ScopeId(this IPAddress address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? address.ScopeId : 0;
}
