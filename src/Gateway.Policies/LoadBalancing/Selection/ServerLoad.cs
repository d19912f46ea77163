using System.Runtime.InteropServices;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;

namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>
/// What a server has to do: the gateway's own requests in flight, and those of others that the server reported. So a report that is wrong or old makes a server
/// look busier than it is and never idler than the gateway itself knows it to be.
/// </summary>
/// <param name="Requests">Requests.</param>
/// <param name="Pressure">What each counts for, as <see cref="CachePressure"/> says.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ServerLoad(int Requests, double Pressure)
{
    /// <summary>The load of <paramref name="destination"/> at <paramref name="now"/>.</summary>
    public static ServerLoad Of(DestinationLoad destination, TimeSpan now)
    {
        var inFlight = destination.InFlight;
        return destination.Reported is { } report ? new(inFlight + report.Others(now), report.Pressure(now)) : new(inFlight, 1);
    }

    /// <summary>
    /// The load of <paramref name="destination"/> with one request more, in prompts: those that wait to be computed, a quarter for each request in flight, whose
    /// decoding lengthens every step, and a half for each of others, of which some wait and some decode.
    /// </summary>
    /// <param name="destination">The destination.</param>
    /// <param name="ownTokens">Prompt tokens of the request that the destination has to compute.</param>
    /// <param name="usualPrompt">Tokens of a prompt, above 0.</param>
    /// <param name="now">Time since the moment reports go by.</param>
    public static double InPrompts(DestinationLoad destination, int ownTokens, double usualPrompt, TimeSpan now)
    {
        var prompts = ((destination.PrefillTokens + ownTokens) / usualPrompt) + (destination.InFlight * 0.25);
        return destination.Reported is { } report ? (prompts + (report.Others(now) * 0.5)) * report.Pressure(now) : prompts;
    }

    /// <summary>The load with one request more.</summary>
    public double WithOneMore => (Requests + 1) * Pressure;

    /// <summary>The load as it is. One request less than <see cref="WithOneMore"/>, so that a full cache counts where there are no requests too.</summary>
    public double Without => WithOneMore - 1;
}
