using Serilog.Core;
using Serilog.Events;

namespace BlazeGateway.Observability;

/// <summary>
/// YARP writes a warning with a stack trace for every attempt that fails. While a model server is down that is one for each request, most of which another server
/// answers; what became of requests and destinations stands in the access log and in the lines of availability. One in ten seconds is let through, for whoever looks for the cause.
/// </summary>
internal sealed class ForwardingNoise
{
    /// <summary>Time between two that are written.</summary>
    public static readonly TimeSpan Between = TimeSpan.FromSeconds(10);

    private const string Forwarder = "Yarp.ReverseProxy.Forwarder.HttpForwarder";
    private long _written;

    /// <summary>Whether <paramref name="log"/> is one of many that tell the same.</summary>
    public bool IsMore(LogEvent log)
    {
        if (log.Level != LogEventLevel.Warning || log.Exception is null
            || !log.Properties.TryGetValue(Constants.SourceContextPropertyName, out var value) || value is not ScalarValue { Value: Forwarder })
        {
            return false;
        }

        var written = Volatile.Read(ref _written);
        var now = log.Timestamp.UtcTicks;
        return (now - written < Between.Ticks && now >= written) || Interlocked.CompareExchange(ref _written, now, written) != written;
    }
}
