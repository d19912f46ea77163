using System.Net;
using BlazeGateway.Configuration.Detection;

namespace BlazeGateway.Tests.Configuration.Detection;

public sealed class BackendAddressTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8000", "http://127.0.0.1:8000/")]
    [InlineData("http://gpu-a:8000/", "http://gpu-a:8000/")]
    [InlineData("http://gpu-a:8000/v1", "http://gpu-a:8000/")]
    [InlineData("https://openrouter.ai/api/v1/", "https://openrouter.ai/api/")]
    [InlineData("http://[::1]:9", "http://[::1]:9/")]
    public void A_good_address_is_taken_and_v1_is_taken_off(string value, string expected)
    {
        Assert.True(BackendAddress.TryRead(value, out var address, out var error), error);
        Assert.Equal(expected, address!.AbsoluteUri);
    }

    [Theory]
    [InlineData("", "must be an address")]
    [InlineData("gpu-a", "must be an address")]
    [InlineData("localhost:8000", "such as http://127.0.0.1:8000")]
    [InlineData("ftp://gpu-a/", "scheme must be http or https")]
    [InlineData("file:///etc/passwd", "--backend is")]
    [InlineData("http://me:canary@gpu-a:8000", "user or password")]
    [InlineData("ftp://me:canary@gpu-a:8000", "scheme must be http or https")]
    [InlineData("http://gpu-a:8000/?key=canary", "query or fragment")]
    [InlineData("http://169.254.169.254/", "link-local")]
    [InlineData("http://[fe80::1]:8000/", "link-local")]
    [InlineData("http://[fd00:ec2::254]/", "link-local")]
    [InlineData("http://[::ffff:169.254.169.254]/", "link-local")]
    public void A_bad_address_is_refused_with_the_flag_and_the_rule(string value, string part)
    {
        Assert.False(BackendAddress.TryRead(value, out _, out var error));
        Assert.StartsWith("--backend", error, StringComparison.Ordinal);
        Assert.Contains(part, error, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("169.253.255.255", false)]
    [InlineData("169.254.0.0", true)]
    [InlineData("169.254.255.255", true)]
    [InlineData("169.255.0.0", false)]
    [InlineData("10.0.0.1", false)]
    [InlineData("127.0.0.1", false)]
    public void The_link_local_range_ends_where_it_should(string address, bool linkLocal) =>
        Assert.Equal(linkLocal, BackendAddress.IsLinkLocal(IPAddress.Parse(address)));
}
