using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.RateLimiting;

/// <summary>Names one partition of one limit.</summary>
/// <param name="Scope">What is limited: <see cref="ScopeOf"/> a route or a cluster.</param>
/// <param name="Client">Id of the client, <see cref="Everybody"/> or <see cref="Rest"/>.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PartitionKey(ulong Scope, ulong Client)
{
    /// <summary>Stands for all clients together.</summary>
    public const ulong Everybody = 0;

    /// <summary>Stands for the clients there was no room to tell apart.</summary>
    public const ulong Rest = ulong.MaxValue;

    /// <summary>The scope of a route or cluster: the same before and after a reload, so that what is in flight counts on.</summary>
    public static ulong ScopeOf(string kind, string id) =>
        XxHash3.HashToUInt64(MemoryMarshal.AsBytes($"{kind}/{id.ToUpperInvariant()}".AsSpan()));

    /// <inheritdoc/>
    public override int GetHashCode() => (int)(Client ^ Scope);
}
