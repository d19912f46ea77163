using System.Buffers.Binary;
using System.Net;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>What a request is kept together with others by: the first of the configured sources it has.</summary>
internal sealed class RequestKey
{
    private static readonly string[] Ordinary = [HashKeys.PromptCacheKey, HashKeys.Conversation, HashKeys.User, HashKeys.Client];

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
                HashKeys.Conversation => request.Conversation,
                HashKeys.User => request.User,
                HashKeys.Prefix => request.Opening,
                HashKeys.Path => _hash.Compute(PathOf(request)),
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

    // The id of a client differs from process to process; a name does not. Where nobody asked who it is, it is the address.
    private ulong OfClient(in PickRequest request)
    {
        if (request.Client is { Name: { } name })
        {
            return _hash.Compute(name.AsSpan());
        }

        return request.Client.Id != 0 ? request.Client.Id : OfAddress(request.Http?.Connection.RemoteIpAddress);
    }

    private ulong OfAddress(IPAddress? address)
    {
        if (address is null)
        {
            return 0;
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, AddressNumber.ClientPart(AddressNumber.Of(address)));
        return _hash.Compute(bytes);
    }

    private static ReadOnlySpan<char> PathOf(in PickRequest request)
    {
        if (request.Http is { } http)
        {
            return http.Request.Path.Value;
        }

        var target = request.Message?.RequestUri is { } uri ? (uri.IsAbsoluteUri ? uri.AbsolutePath : uri.OriginalString) : "";
        var query = target.AsSpan().IndexOfAny('?', '#');
        return query < 0 ? target : target.AsSpan(0, query);
    }

    private ulong OfHeader(in PickRequest request, string header)
    {
        if (request.Http is { } http)
        {
            var values = http.Request.Headers[header];
            return values.Count == 1 && values[0] is { Length: > 0 } value ? _hash.Compute(value.AsSpan()) : 0;
        }

        return request.Message is { } message && message.Headers.NonValidated.TryGetValues(header, out var sent) && sent.Count == 1 && sent.ToString() is { Length: > 0 } text
            ? _hash.Compute(text.AsSpan())
            : 0;
    }

    private readonly struct Source(string key)
    {
        public string Name { get; } = key;

        public string? Header { get; } = key.StartsWith(HashKeys.HeaderPrefix, StringComparison.Ordinal) ? key[HashKeys.HeaderPrefix.Length..] : null;
    }
}
