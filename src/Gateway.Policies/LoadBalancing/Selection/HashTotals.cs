using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>What the load of a single destination is measured by.</summary>
/// <param name="InFlight">Requests in flight at the open candidates.</param>
/// <param name="Weight">Sum of the open candidates' weights.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct HashTotals(long InFlight, long Weight);
