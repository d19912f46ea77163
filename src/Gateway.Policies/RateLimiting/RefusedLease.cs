using System.Diagnostics.CodeAnalysis;
using System.Threading.RateLimiting;

namespace BlazeGateway.Policies.RateLimiting;

/// <summary>The lease nobody holds: a limit was reached, and when it ends is not known.</summary>
internal sealed class RefusedLease : RateLimitLease
{
    private RefusedLease()
    {
    }

    /// <summary>The one instance; it holds nothing.</summary>
    public static RefusedLease Instance { get; } = new();

    /// <inheritdoc/>
    public override bool IsAcquired => false;

    /// <inheritdoc/>
    public override IEnumerable<string> MetadataNames => [];

    /// <inheritdoc/>
    public override bool TryGetMetadata(string metadataName, [NotNullWhen(true)] out object? metadata)
    {
        metadata = null;
        return false;
    }
}
