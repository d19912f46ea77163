using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>What a request is kept together with others by: the first of the configured sources it has.</summary>
internal sealed class RequestKey
{
    /// <summary>Blocks of a prompt that are its beginning: 1,024 bytes.</summary>
    private const int Beginning = 16;

    private static readonly string[] Ordinary = [HashKeys.PromptCacheKey, HashKeys.User, HashKeys.Client];

    private readonly Source[] _sources;
    private readonly PlacementHash _hash;

    /// <param name="options">Which sources, in their order.</param>
    /// <param name="hash">Hash of keys.</param>
    public RequestKey(HashOptions options, PlacementHash hash)
    {
        _hash = hash;
        _sources = [.. (options.Keys.Count == 0 ? (IEnumerable<string>)Ordinary : options.Keys).Select(static key => new Source(key))];
    }

    /// <summary>The hash of the request's key; false when it has none.</summary>
    public bool TryRead(in PickRequest request, out ulong key)
    {
        foreach (var source in _sources)
        {
            key = source.Header is { } header ? OfHeader(request, header) : source.Name switch
            {
                HashKeys.PromptCacheKey => request.PromptCacheKey,
                HashKeys.User => request.User,
                HashKeys.Prefix => request.Prefix is { IsEmpty: false } blocks ? blocks[Math.Min(blocks.Length, Beginning) - 1] : 0,
                HashKeys.Path => _hash.Compute(request.Http.Request.Path.Value.AsSpan()),
                _ => OfClient(request),
            };
            if (key != 0)
            {
                return true;
            }
        }

        key = 0;
        return false;
    }

    // The id of a client differs from process to process; a name does not.
    private ulong OfClient(in PickRequest request) => request.Client is { Name: { } name } ? _hash.Compute(name.AsSpan()) : request.Client.Id;

    private ulong OfHeader(in PickRequest request, string header)
    {
        var values = request.Http.Request.Headers[header];
        return values.Count == 1 && values[0] is { Length: > 0 } value ? _hash.Compute(value.AsSpan()) : 0;
    }

    private readonly struct Source(string key)
    {
        public string Name { get; } = key;

        public string? Header { get; } = key.StartsWith(HashKeys.HeaderPrefix, StringComparison.Ordinal) ? key[HashKeys.HeaderPrefix.Length..] : null;
    }
}
