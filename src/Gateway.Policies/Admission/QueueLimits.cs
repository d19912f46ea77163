namespace BlazeGateway.Policies.Admission;

/// <summary>How much may wait in a queue.</summary>
/// <param name="Requests">Requests; 0 for none.</param>
/// <param name="Bytes">Bytes of their bodies together.</param>
internal sealed record QueueLimits(int Requests, long Bytes);
