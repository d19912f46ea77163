using System.Net;
using System.Net.Sockets;
using BlazeGateway.Configuration;
using BlazeGateway.Hosting;

namespace BlazeGateway.Tests.Hosting;

public class ListenObstaclesTests
{
    private static string? Describe(string proxy, string admin) => ListenObstacles.Describe(
    [
        new ListenWish(ListenAddress.Parse(proxy, "test"), "--urls", "Proxy:Urls"),
        new ListenWish(ListenAddress.Parse(admin, "test"), "--admin-url", "Admin:Url"),
    ]);

    [Fact]
    public void Nothing_stands_in_the_way_of_free_ports() => Assert.Null(Describe("http://127.0.0.1:0", "http://*:0"));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("*")]
    public void A_taken_port_is_named_with_its_option_and_a_free_one(string host)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var text = Describe("http://127.0.0.1:0", $"http://{host}:{port}");

        Assert.StartsWith($"http://{host}:{port} is taken by another process. Choose another with --admin-url http://127.0.0.1:", text, StringComparison.Ordinal);
        Assert.EndsWith("(setting Admin:Url).", text, StringComparison.Ordinal);
        var offered = ListenAddress.Parse(text!.Split(' ').Last(word => word.StartsWith("http://", StringComparison.Ordinal)), "test");
        Assert.Null(ListenObstacles.Bind(offered));
    }

    [Fact]
    public void A_port_that_only_begins_alike_is_not_blamed()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var text = Describe($"http://127.0.0.1:{port}", $"http://127.0.0.1:{port / 10}");

        Assert.Contains($"http://127.0.0.1:{port} is taken by another process. Choose another with --urls", text, StringComparison.Ordinal);
        Assert.DoesNotContain($"http://127.0.0.1:{port / 10} is taken", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}", "http://127.0.0.1:{0}")]
    [InlineData("http://*:{0}", "http://127.0.0.1:{0}")]
    [InlineData("http://127.0.0.1:{0}", "http://localhost:{0}")]
    public void One_port_for_both_is_told(string proxy, string admin)
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        free.Stop();

        var text = Describe(proxy.Replace("{0}", port, StringComparison.Ordinal), admin.Replace("{0}", port, StringComparison.Ordinal));

        Assert.StartsWith($"--urls and --admin-url both say {admin.Replace("{0}", port, StringComparison.Ordinal)}. Choose another with --admin-url http://127.0.0.1:", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_of_another_machine_is_told_with_the_right_option()
    {
        var text = Describe("http://127.0.0.1:0", "http://203.0.113.1:8090");

        Assert.StartsWith("http://203.0.113.1:8090 is not an address of this machine. Choose another with --admin-url http://127.0.0.1:", text, StringComparison.Ordinal);
    }
}
