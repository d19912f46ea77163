using BlazeGateway.Observability;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace BlazeGateway.Tests.Observability;

public class GatewayLoggingTests
{
    private readonly Events _events = new();

    private GatewayLogging Create(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build();
        return GatewayLogging.Create(configuration, sinks => sinks.Sink(_events));
    }

    [Theory]
    [InlineData("Yarp.ReverseProxy.Forwarder.HttpForwarder")]
    [InlineData("System.Net.Http.HttpClient.default")]
    [InlineData("Microsoft.AspNetCore.Hosting.Diagnostics")]
    [InlineData("Yarp")]
    public void No_configuration_makes_a_library_talkative(string category)
    {
        using (var logging = Create(("Serilog:MinimumLevel:Default", "Verbose"), ($"Serilog:MinimumLevel:Override:{category}", "Verbose")))
        using (var factory = new SerilogLoggerFactory(logging.Root))
        {
            var logger = factory.CreateLogger(category);
            logger.LogTrace("canary {Url}", "http://x/?secret");
            logger.LogInformation("canary {Url}", "http://x/?secret");
            logger.LogWarning("kept");
        }

        Assert.Equal("kept", Assert.Single(_events.Seen).MessageTemplate.Text);
    }

    [Fact]
    public void A_name_that_only_begins_alike_is_not_capped()
    {
        using (var logging = Create(("Serilog:MinimumLevel:Default", "Debug")))
        using (var factory = new SerilogLoggerFactory(logging.Root))
        {
            factory.CreateLogger("YarpishThing").LogDebug("kept");
        }

        Assert.Single(_events.Seen);
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData("Debug", 2)]
    [InlineData("Error", 0)]
    public void Our_own_levels_follow_the_configuration(string? level, int expected)
    {
        using (var logging = level is null ? Create() : Create(("Serilog:MinimumLevel:Default", level)))
        using (var factory = new SerilogLoggerFactory(logging.Root))
        {
            var logger = factory.CreateLogger("BlazeGateway.Hosting");
            logger.LogDebug("a");
            logger.LogInformation("b");
        }

        Assert.Equal(expected, _events.Seen.Count);
    }

    [Fact]
    public void A_target_that_hangs_holds_up_no_caller()
    {
        using var blocked = new ManualResetEventSlim();
        _events.Before = blocked.Wait;
        using var logging = Create();
        for (var i = 0; i < 20_000; i++)
        {
            logging.Root.Warning("line");
        }

        blocked.Set();
    }

    private sealed class Events : ILogEventSink
    {
        public List<LogEvent> Seen { get; } = [];

        public Action Before { get; set; } = static () => { };

        public void Emit(LogEvent logEvent)
        {
            Before();
            Seen.Add(logEvent);
        }
    }
}
