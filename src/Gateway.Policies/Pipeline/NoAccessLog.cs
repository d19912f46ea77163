namespace BlazeGateway.Policies.Pipeline;

/// <summary>Keeps no record of requests.</summary>
internal sealed class NoAccessLog : IAccessLog
{
    /// <inheritdoc />
    public void Write(in AccessRecord record)
    {
    }
}
