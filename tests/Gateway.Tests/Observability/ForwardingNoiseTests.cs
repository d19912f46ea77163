using BlazeGateway.Observability;
using Serilog.Events;
using Serilog.Parsing;

namespace BlazeGateway.Tests.Observability;

public sealed class ForwardingNoiseTests
{
    private const string Forwarder = "Yarp.ReverseProxy.Forwarder.HttpForwarder";
    private static readonly DateTimeOffset Start = new(2026, 11, 28, 0, 0, 0, TimeSpan.Zero);
    private readonly ForwardingNoise _noise = new();

    [Fact]
    public void One_failed_attempt_in_ten_seconds_is_written()
    {
        Assert.False(IsMore(0));
        Assert.True(IsMore(0));
        Assert.True(IsMore(9.999));
        Assert.False(IsMore(10));
        Assert.True(IsMore(11));

        // A clock that was set back does not silence it.
        Assert.False(IsMore(-3600));
    }

    [Theory]
    [InlineData("Yarp.ReverseProxy.Forwarder.HttpForwarder", LogEventLevel.Error, true)]
    [InlineData("Yarp.ReverseProxy.Forwarder.HttpForwarder", LogEventLevel.Warning, false)]
    [InlineData("Yarp.ReverseProxy.Health.ActiveHealthCheckMonitor", LogEventLevel.Warning, true)]
    public void Whatever_else_is_written_always(string source, LogEventLevel level, bool hasException)
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.False(_noise.IsMore(Event(0, source, level, hasException)));
        }
    }

    private bool IsMore(double seconds) => _noise.IsMore(Event(seconds, Forwarder, LogEventLevel.Warning, hasException: true));

    private static LogEvent Event(double seconds, string source, LogEventLevel level, bool hasException) => new(
        Start.AddSeconds(seconds),
        level,
        hasException ? new IOException("broken") : null,
        new MessageTemplateParser().Parse("x"),
        [new LogEventProperty(Serilog.Core.Constants.SourceContextPropertyName, new ScalarValue(source))]);
}
