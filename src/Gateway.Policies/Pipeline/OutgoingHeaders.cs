using System.Buffers;
using System.Net.Http.Headers;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Inference;
using Microsoft.Net.Http.Headers;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// What of a client's headers may reach a destination. One pass over the copied headers: nothing that names our own control headers, nothing that
/// claims to be a proxy in front of us, nothing the client declared to be for this hop, no credential unless the route
/// passes it on, and never a key of the gateway's own.
/// </summary>
internal static class OutgoingHeaders
{
    private const string Forwarded = "X-Forwarded-";

    private static readonly SearchValues<char> Delimiters = SearchValues.Create(" \t\"(),/:;<=>?@[\\]{}");

    /// <summary>Removes what may not go on; an error when a value cannot be sent as it came.</summary>
    public static GatewayError? Clean(HttpRequestMessage request, RequestContext context)
    {
        var kept = !context.Route.IsInference || context.Route.Options.ForwardClientCredentials ? KeyHeaders.All & ~context.KeyCarriers : KeyHeaders.None;
        var removed = context.RemovedHeaders;
        removed.Clear();
        foreach (var header in request.Headers.NonValidated)
        {
            if (IsRefused(header.Key, kept))
            {
                removed.Add(header.Key);
                continue;
            }

            foreach (var value in header.Value)
            {
                if (!IsSound(value))
                {
                    return GatewayError.InvalidHeader;
                }
            }
        }

        foreach (var name in removed)
        {
            request.Headers.Remove(name);
        }

        RemoveNominated(request.Headers, context);
        if (context.IsInference)
        {
            RefuseEncodings(request.Headers);
        }

        return request.Content is { } content && !AreSound(content.Headers) ? GatewayError.InvalidHeader : null;
    }

    private static bool IsRefused(string name, KeyHeaders kept) => (name[0] | 0x20) switch
    {
        'x' => name.StartsWith(BlazeHeaders.Prefix, StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("X-Envoy-", StringComparison.OrdinalIgnoreCase)
            || IsForeignClaim(name)
            || Is(name, "X-Real-IP") || Is(name, "X-Original-URL") || Is(name, "X-Rewrite-URL")
            || ((kept & KeyHeaders.XApiKey) == KeyHeaders.None && Is(name, "x-api-key")),
        't' => Is(name, "True-Client-IP"),
        'b' => Is(name, "baggage"),
        'c' => Is(name, "CF-Connecting-IP") || Is(name, "Correlation-Context"),
        'a' => ((kept & KeyHeaders.Authorization) == KeyHeaders.None && Is(name, HeaderNames.Authorization))
            || ((kept & KeyHeaders.ApiKey) == KeyHeaders.None && Is(name, "api-key")),
        _ => false,
    };

    /// <summary>X-Forwarded-Port and whatever else of that family the proxy does not set itself.</summary>
    private static bool IsForeignClaim(string name) =>
        name.StartsWith(Forwarded, StringComparison.OrdinalIgnoreCase)
        && !Is(name, "X-Forwarded-For") && !Is(name, "X-Forwarded-Host") && !Is(name, "X-Forwarded-Proto") && !Is(name, "X-Forwarded-Prefix");

    /// <summary>RFC 9110, 7.6.1: headers named in Connection are for this hop only. Ours to forward stay whatever the client names.</summary>
    private static void RemoveNominated(HttpRequestHeaders headers, RequestContext context)
    {
        var connection = context.Http.Request.Headers.Connection;
        if (connection.Count == 0 || (connection.Count == 1 && (Is(connection[0]!, "keep-alive") || Is(connection[0]!, "close"))))
        {
            return;
        }

        foreach (var line in connection)
        {
            foreach (var name in (line ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                if (!IsProtected(name) && headers.NonValidated.Contains(name))
                {
                    headers.Remove(name);
                }
            }
        }
    }

    private static bool IsProtected(string name) =>
        name.StartsWith(Forwarded, StringComparison.OrdinalIgnoreCase)
        || Is(name, HeaderNames.Host) || Is(name, HeaderNames.Authorization) || Is(name, "x-api-key") || Is(name, "api-key")
        || Is(name, RequestId.Header) || Is(name, HeaderNames.Upgrade) || Is(name, HeaderNames.Connection) || Is(name, HeaderNames.TE)
        || Is(name, HeaderNames.TraceParent) || !IsName(name);

    /// <summary>An answer that is to be watched has to be readable, and a compressed stream is held back by whoever compresses it.</summary>
    private static void RefuseEncodings(HttpRequestHeaders headers)
    {
        if (headers.Remove(HeaderNames.AcceptEncoding))
        {
            headers.TryAddWithoutValidation(HeaderNames.AcceptEncoding, "identity");
        }
    }

    private static bool IsName(string name) => !name.AsSpan().ContainsAny(Delimiters);

    private static bool AreSound(HttpContentHeaders headers)
    {
        foreach (var header in headers.NonValidated)
        {
            foreach (var value in header.Value)
            {
                if (!IsSound(value))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>RFC 9110, 5.5, without what it calls obsolete: printable ASCII, blanks and tabs.</summary>
    private static bool IsSound(ReadOnlySpan<char> value)
    {
        while (value.IndexOfAnyExceptInRange(' ', '~') is >= 0 and var at)
        {
            if (value[at] != '\t')
            {
                return false;
            }

            value = value[(at + 1)..];
        }

        return true;
    }

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);
}
