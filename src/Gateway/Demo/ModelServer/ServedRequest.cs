using BlazeGateway.Demo.ModelServer.Faults;

namespace BlazeGateway.Demo.ModelServer;

/// <summary>One request while it is served; reused for the next of its connection.</summary>
internal sealed class ServedRequest
{
    private int _hasLeft;

    public DefaultHttpContext Http { get; } = new();

    /// <summary>The fault that strikes it.</summary>
    public FaultRule? Fault { get; set; }

    /// <summary>Whether it was noted that the client left; it may be seen in two ways at once.</summary>
    public ref int HasLeft => ref _hasLeft;

    /// <summary>Whether we cut the connection on purpose, so that its end is not the client's doing.</summary>
    public bool EndedByFault { get; set; }
}
