using System.Net;
using BlazeGateway.Bench;

namespace BlazeGateway.Tests.Bench;

public class LoadTargetTests
{
    [Theory]
    [InlineData("http://127.0.0.1:81", "127.0.0.1:81")]
    [InlineData("http://127.255.0.9", "127.255.0.9:80")]
    [InlineData("http://[::1]:82/path", "[::1]:82")]
    [InlineData("http://[::ffff:127.0.0.1]:83", "[::ffff:127.0.0.1]:83")]
    public async Task This_machine_is_allowed(string url, string target) =>
        Assert.Equal(IPEndPoint.Parse(target), await LoadTarget.ResolveAsync(new Uri(url), allowRemote: false, TestContext.Current.CancellationToken));

    [Fact]
    public async Task Names_are_resolved() =>
        Assert.True(LoadTarget.IsLoopback(
            (await LoadTarget.ResolveAsync(new Uri("http://localhost:80"), allowRemote: false, TestContext.Current.CancellationToken)).Address));

    [Theory]
    [InlineData("http://0.0.0.0")]
    [InlineData("http://[::]")]
    [InlineData("http://no-such-host.invalid")]
    public async Task A_name_without_a_usable_address_is_refused(string url) =>
        Assert.StartsWith(
            $"--url host '{new Uri(url).DnsSafeHost}'",
            (await Assert.ThrowsAsync<LoadRefusedException>(
                () => LoadTarget.ResolveAsync(new Uri(url), allowRemote: true, TestContext.Current.CancellationToken))).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("http://126.255.255.255")]
    [InlineData("http://128.0.0.1")]
    [InlineData("http://10.0.0.1")]
    [InlineData("http://192.0.2.1:8080")]
    [InlineData("http://[::2]")]
    [InlineData("http://[::ffff:10.0.0.1]")]
    public async Task Other_machines_need_the_flag(string url)
    {
        var refused = await Assert.ThrowsAsync<LoadRefusedException>(
            () => LoadTarget.ResolveAsync(new Uri(url), allowRemote: false, TestContext.Current.CancellationToken));

        Assert.Contains("--allow-remote", refused.Message, StringComparison.Ordinal);
        Assert.NotNull(await LoadTarget.ResolveAsync(new Uri(url), allowRemote: true, TestContext.Current.CancellationToken));
    }
}
