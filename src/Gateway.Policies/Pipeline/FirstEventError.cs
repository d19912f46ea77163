namespace BlazeGateway.Policies.Pipeline;

/// <summary>An error that a destination sent as the first event of a stream with status 200.</summary>
/// <param name="Status">Status the answer gets instead.</param>
/// <param name="Code">Value of <c>X-Blaze-Error</c>.</param>
/// <param name="Body">The event's JSON, which is the client's dialect as the destination speaks it.</param>
internal sealed record FirstEventError(int Status, string Code, ReadOnlyMemory<byte> Body);
