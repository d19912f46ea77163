namespace BlazeGateway.Policies.Destinations;

/// <summary>One model as a destination lists it.</summary>
internal sealed record ModelEntry
{
    /// <summary>Name the model server knows.</summary>
    public required string Name { get; init; }

    /// <summary>Unix seconds at which the model was made or loaded; 0 when the server does not say.</summary>
    public long Created { get; init; }

    /// <summary>Who provides it, by the server's word; null when the server does not say.</summary>
    public string? OwnedBy { get; init; }

    /// <summary>Bytes on disk (Ollama); 0 when the server does not say.</summary>
    public long Size { get; init; }

    /// <summary>Digest of the model's files (Ollama); null when the server does not say.</summary>
    public string? Digest { get; init; }
}
