using BlazeGateway.Policies.Pipeline;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Tests.Pipeline;

public class HostNameTests
{
    [Theory]
    [InlineData("", true)]
    [InlineData("localhost:8080", true)]
    [InlineData("[::1]:8080", true)]
    [InlineData("my_gateway:8080", true)]
    [InlineData("my_gateway.example.", true)]
    [InlineData("a..b", true)]
    [InlineData("a_..b", false)]
    [InlineData("_", true)]
    [InlineData("a_b.", true)]
    public void A_name_the_framework_cannot_write_is_not_sound(string host, bool sound) => Assert.Equal(sound, HostName.IsSound(new HostString(host)));

    [Theory]
    [InlineData(62, true)]
    [InlineData(63, true)]
    [InlineData(64, false)]
    public void A_label_has_at_most_63_characters(int length, bool sound) =>
        Assert.Equal(sound, HostName.IsSound(new HostString("_" + new string('a', length - 1) + ".example")));

    [Fact]
    public void The_framework_can_write_every_sound_name()
    {
        var random = new Random(11);
        var refused = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var labels = Enumerable.Range(0, 1 + random.Next(6)).Select(_ => new string([.. Enumerable.Range(0, random.Next(8) == 0 ? random.Next(55, 70) : random.Next(5)).Select(_ => "ab0-_~"[random.Next(6)])]));
            var host = new HostString(string.Join('.', labels) + (random.Next(3) == 0 ? ":80" : ""));
            Assert.True(IsWritten(host) || !HostName.IsSound(host), $"'{host.Value}' cannot be written.");
            refused += IsWritten(host) ? 0 : 1;
        }

        Assert.True(refused > 100, $"only {refused} names were refused");
    }

    private static bool IsWritten(HostString host)
    {
        try
        {
            host.ToUriComponent();
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
