using BlazeGateway.Demo.ModelServer.Faults;

namespace BlazeGateway.Demo.ModelServer;

/// <summary>One request while it is served; reused for the next of its connection.</summary>
internal sealed class ServedRequest
{
    public DefaultHttpContext Http { get; } = new();

    /// <summary>The fault that strikes it.</summary>
    public FaultRule? Fault { get; set; }

    /// <summary>Whether we cut the connection on purpose, so that its end is not the client's doing.</summary>
    public bool EndedByFault { get; set; }
}
