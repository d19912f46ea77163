using System.Runtime.InteropServices;

namespace BlazeGateway.Bench;

/// <summary>One logical request on its way; times are timestamps of the loader's clock.</summary>
/// <param name="Index">Number within the load; picks the bytes to send.</param>
/// <param name="ScheduledAt">When it should have started; latencies count from here.</param>
/// <param name="AttemptAt">When the present attempt should have started.</param>
/// <param name="Attempt">1 for the first.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LoadRequest(long Index, long ScheduledAt, long AttemptAt, int Attempt);
