using System.Runtime.InteropServices;
using BlazeGateway.Policies.Clients;

namespace BlazeGateway.Policies.Admission;

/// <summary>What a request waits with.</summary>
/// <param name="Band">Its priority.</param>
/// <param name="Client">Who sent it; clients of a band are served in turn.</param>
/// <param name="Flow">Part of the client's share; flows of a client are served in turn.</param>
/// <param name="Deadline">Timestamp from which it is not served any more.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct WaitTicket(PriorityBand Band, ulong Client, ulong Flow, long Deadline)
{
    /// <summary>Weight of the client among those of its band.</summary>
    public int Share { get; init; } = 1;

    /// <summary>Tokens it is expected to cost, prompt and answer; 1 where nothing is counted in tokens.</summary>
    public int Tokens { get; init; } = 1;

    /// <summary>Requests of one kind may be sent to the same destinations: where one could begin all could. They are asked for together.</summary>
    public ulong Kind { get; init; }

    /// <summary>Bytes of its body that are held while it waits.</summary>
    public long Bytes { get; init; }

    /// <summary>Whether it was served before and failed: then it goes before all that were not, and none of them takes its place.</summary>
    public bool IsAgain { get; init; }

    /// <summary>Index of the line it stands in, see <see cref="WaitingLines"/>.</summary>
    public int Line => IsAgain ? 0 : 1 + (int)Band;
}
