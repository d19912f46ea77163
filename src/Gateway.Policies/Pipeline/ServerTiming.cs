using System.Globalization;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Writes <c>Server-Timing</c>: the gateway's own time before forwarding, and the destination's until its headers, in milliseconds.</summary>
internal static class ServerTiming
{
    /// <summary>The header.</summary>
    public const string Header = "Server-Timing";

    /// <summary>For example <c>gw;dur=0.112, dest;dur=812.4</c>.</summary>
    public static string Format(RequestContext context)
    {
        var perTick = 1000.0 / context.Time.TimestampFrequency;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"gw;dur={(context.Record.BeforeForward - Math.Max(0, context.Record.Queued)) * perTick:0.###}, dest;dur={context.Record.ToHeaders * perTick:0.###}");
    }
}
