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

    /// <summary>The suites SizeLimitTests, TimeLimitTests, Http2LimitTests and WebSocketTests prove each of these; one that a new runtime adds has to be proven too.</summary>
    [Fact]
    public void No_limit_is_new()
    {
        Assert.Equal(
            "Http2 Http3 KeepAliveTimeout MaxConcurrentConnections MaxConcurrentUpgradedConnections MaxRequestBodySize MaxRequestBufferSize MaxRequestHeaderCount "
            + "MaxRequestHeadersTotalSize MaxRequestLineSize MaxResponseBufferSize MinRequestBodyDataRate MinResponseDataRate RequestHeadersTimeout",
            Names(typeof(KestrelServerLimits)));
        Assert.Equal(
            "HeaderTableSize InitialConnectionWindowSize InitialStreamWindowSize KeepAlivePingDelay KeepAlivePingTimeout MaxFrameSize MaxRequestHeaderFieldSize MaxStreamsPerConnection",
            Names(typeof(Http2Limits)));

        static string Names(Type limits) => string.Join(' ', limits.GetProperties().Select(property => property.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{ "Http3": { "MaxRequestHeaderFieldSize": 9000 } }""", "HTTP/3 is not served")]
    [InlineData("""{ "MaxRequestBufferSize": 32767 }""", "'MaxRequestBufferSize' is 32767; it must be 32768 or more")]
    [InlineData("""{ "MaxRequestBufferSize": 65536, "MaxRequestLineSize": 65537 }""", "it must be 65537 or more")]
    [InlineData("""{ "MaxRequestHeaderCount": 0 }""", "'MaxRequestHeaderCount' is refused by the HTTP server")]
    [InlineData("""{ "KeepAliveTimeout": "00:00:00" }""", "'KeepAliveTimeout' is refused by the HTTP server")]
    [InlineData("""{ "MinRequestBodyDataRate": { "GracePeriod": "00:00:01" } }""", "'MinRequestBodyDataRate' is refused by the HTTP server")]
    [InlineData("""{ "Http2": { "MaxFrameSize": 16383 } }""", "'Http2' is refused by the HTTP server")]
    public async Task A_limit_the_server_would_not_take_is_named(string limits, string message)
    {
        _directory.Write("appsettings.json", $$"""{ "Kestrel": { "Limits": {{limits}} } }""");
        var error = Assert.Single(await TestDirectory.CheckAsync(_directory.Sources));
        Assert.Contains(message, error.ToString(), StringComparison.Ordinal);
        Assert.Contains("appsettings.json:1:", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "MaxRequestBufferSize": 32768 }""")]
    [InlineData("""{ "MaxRequestBufferSize": 65536, "MaxRequestLineSize": 65536 }""")]
    public async Task A_buffer_that_holds_a_head_is_taken(string limits)
    {
        _directory.Write("appsettings.json", $$"""{ "Kestrel": { "Limits": {{limits}} } }""");
        Assert.Empty(await TestDirectory.CheckAsync(_directory.Sources));
    }
}
