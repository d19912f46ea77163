using BlazeGateway.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace BlazeGateway.Tests.Configuration.Checks;

public sealed class KestrelLimitsTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Limits_reach_the_server_nested_ones_too()
    {
        _directory.Write("appsettings.json", """
            { "Kestrel": { "Limits": {
              "MaxConcurrentConnections": 300, "KeepAliveTimeout": "00:00:31",
              "MinRequestBodyDataRate": { "BytesPerSecond": 500, "GracePeriod": "00:00:07" },
              "Http2": { "MaxStreamsPerConnection": 42 } } } }
            """);
        Assert.Empty(await TestDirectory.CheckAsync(_directory.Sources));
        var limits = new KestrelServerLimits();
        KestrelLimits.Bind(ConfigurationLoader.Load(_directory.Sources).ToConfiguration().GetSection("Kestrel:Limits"), limits);
        Assert.Equal(300, limits.MaxConcurrentConnections);
        Assert.Equal(TimeSpan.FromSeconds(31), limits.KeepAliveTimeout);
        Assert.Equal((500, TimeSpan.FromSeconds(7)), (limits.MinRequestBodyDataRate!.BytesPerSecond, limits.MinRequestBodyDataRate.GracePeriod));
        Assert.Equal(42, limits.Http2.MaxStreamsPerConnection);
    }
}
