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

    /// <summary>The load with one request more.</summary>
    public double WithOneMore => (Requests + 1) * Pressure;

    /// <summary>The load as it is. One request less than <see cref="WithOneMore"/>, so that a full cache counts where there are no requests too.</summary>
    public double Without => WithOneMore - 1;
}
