namespace BlazeGateway.Demo;

/// <summary>One running model server of the demo.</summary>
/// <param name="Id">Destination id: <c>fast</c>, <c>slow</c> or <c>flaky</c>.</param>
/// <param name="Address">Where it listens.</param>
/// <param name="Kind">Kind it imitates.</param>
/// <param name="ProcessId">Its process.</param>
internal sealed record DemoServer(string Id, Uri Address, string Kind, int ProcessId);
