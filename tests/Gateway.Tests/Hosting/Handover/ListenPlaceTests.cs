using System.Net;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Hosting;
using BlazeGateway.Hosting.Handover;

namespace BlazeGateway.Tests.Hosting.Handover;

public class ListenPlaceTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8080", "0.0.0.0:9000", "http://127.0.0.1:9000/")]
    [InlineData("http://*:9000", "[::]:9000", "http://[::1]:9000/")]
    [InlineData("http://127.0.0.1:0", "127.0.0.1:9000", "http://127.0.0.1:9000/")]
    [InlineData("https://0.0.0.0:9000", "0.0.0.0:9000", "https://127.0.0.1:9000/")]
    [InlineData("http://0.0.0.0:9001;https://0.0.0.0:9000", "0.0.0.0:9000 0.0.0.0:9001", "https://127.0.0.1:9000/ http://127.0.0.1:9001/")]
    public void Sockets_are_used_where_the_addresses_agree(string urls, string sockets, string places) => Assert.Equal(
        places, string.Join(' ', ListenPlace.OfProxy(new ProxyOptions { Urls = urls }, Handed(sockets)).Select(static place => place.Address.Reachable(place.Address.Port))));

    [Theory]
    [InlineData("http://127.0.0.1:9001", "127.0.0.1:9000", "none of them listens at 127.0.0.1:9000")]
    [InlineData("http://10.0.0.1:9000", "127.0.0.1:9000", "none of them listens at 127.0.0.1:9000")]
    [InlineData("http://127.0.0.1:9000;http://127.0.0.1:9001", "127.0.0.1:9000", "no socket listens at http://127.0.0.1:9001/")]
    public void Addresses_that_contradict_are_refused(string urls, string sockets, string message)
    {
        var refusal = Assert.Throws<CannotBindException>(() => ListenPlace.OfProxy(new ProxyOptions { Urls = urls }, Handed(sockets)));
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Operators_socket_that_others_reach_needs_a_token()
    {
        HandedSocket[] open = [new(3, IPEndPoint.Parse("0.0.0.0:8090"), IsAdmin: true)];
        var refusal = Assert.Throws<CannotBindException>(() => ListenPlace.OfAdmin(new AdminOptions(), open));
        Assert.Contains("0.0.0.0:8090, which other machines can reach, and there is no token", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(3, ListenPlace.OfAdmin(new AdminOptions { Tokens = { ["a"] = new AdminTokenOptions() } }, open).Descriptor);
        Assert.Equal(3, ListenPlace.OfAdmin(new AdminOptions(), [new(3, IPEndPoint.Parse("127.0.0.1:8091"), IsAdmin: true)]).Descriptor);
        Assert.Null(ListenPlace.OfAdmin(new AdminOptions(), []).Descriptor);
    }

    private static HandedSocket[] Handed(string sockets) => [.. sockets.Split(' ').Select(static (address, i) => new HandedSocket(3 + i, IPEndPoint.Parse(address), IsAdmin: false))];
}
