using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace BlazeGateway.Policies.Destinations;

/// <summary>Where requests for one entry of a route's <c>Models</c> go. Immutable, made once per configuration.</summary>
internal sealed class ModelTarget
{
    public ModelTarget(string publicName, string cluster, string? rewrite)
    {
        PublicName = publicName;
        Cluster = cluster;
        Rewrite = rewrite;
        Key = rewrite is null ? 0 : ModelKey.Of(rewrite);
        RewriteUtf8 = rewrite is null ? default : JsonEncodedText.Encode(rewrite, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes.ToArray();
    }

    /// <summary>The key as configured: a name, or a pattern with its <c>*</c>. Bounded by configuration, so it may label a metric.</summary>
    public string PublicName { get; }

    /// <summary>Cluster that serves it.</summary>
    public string Cluster { get; }

    /// <summary>Name written into the body; null when the client's stays.</summary>
    public string? Rewrite { get; }

    /// <summary><see cref="ModelKey"/> of <see cref="Rewrite"/>; 0 when the client's name stays.</summary>
    public ulong Key { get; }

    /// <summary><see cref="Rewrite"/> as it stands between the quotes of a JSON string; empty when the client's stays.</summary>
    public ReadOnlyMemory<byte> RewriteUtf8 { get; }

    /// <summary>Whether <see cref="PublicName"/> is a pattern.</summary>
    public bool IsPattern => PublicName.EndsWith('*');

    /// <summary>
    /// Tried in order when no destination of this one can answer. Each has its rewrite set, because the body names another model.
    /// </summary>
    public ImmutableArray<ModelTarget> Fallbacks { get; internal set; } = [];
}
