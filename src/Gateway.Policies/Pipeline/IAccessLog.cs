namespace BlazeGateway.Policies.Pipeline;

/// <summary>Port: where finished requests are reported. Called on the request's thread, so it only copies; it never waits, allocates or throws.</summary>
public interface IAccessLog
{
    /// <summary>Takes a copy of <paramref name="record"/>; counts it as dropped when there is no room.</summary>
    void Write(in AccessRecord record);
}
