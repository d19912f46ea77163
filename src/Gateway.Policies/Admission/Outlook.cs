using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Admission;

/// <summary>What a request that waits may hope for.</summary>
/// <param name="Places">Places that are free on the destinations that would take it; −1 when none would, full or not.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Outlook(int Places)
{
    /// <summary>Those of <see cref="Places"/> that are kept for others. Default: 0.</summary>
    public int Kept { get; init; }

    /// <summary>All that would take it are full.</summary>
    public static Outlook Full => new(0);

    /// <summary>It could begin now, and so could any number.</summary>
    public static Outlook Open => new(int.MaxValue);

    /// <summary>Nobody would take it, full or not: it waits in vain.</summary>
    public static Outlook Vain => new(-1);

    /// <summary>Whether it waits in vain.</summary>
    public bool IsVain => Places < 0;
}
