using System.Buffers;
using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Step Guard: wire rules the server leaves open. A request that two parsers could read in two ways is refused, never guessed at.
/// </summary>
internal static class Guard
{
    private const string Suspicious = "%\\#;/";

    private static readonly SearchValues<char> Plain =
        SearchValues.Create([.. Enumerable.Range('!', '~' - '!' + 1).Select(c => (char)c).Where(c => !Suspicious.Contains(c))]);

    /// <summary>Null when the request is sound.</summary>
    public static GatewayError? Check(RequestContext context)
    {
        var http = context.Http;
        var request = http.Request;
        if (!IsAllowed(http))
        {
            return GatewayError.MethodNotAllowed;
        }

        var encoding = request.Headers.TransferEncoding;
        if (encoding.Count != 0 && !IsSoundFraming(request, encoding))
        {
            return GatewayError.AmbiguousFraming;
        }

        if (!HostName.IsSound(request.Host))
        {
            return GatewayError.InvalidHeader;
        }

        return IsSoundPath(http.Features.Get<IHttpRequestFeature>()!.RawTarget) ? null : GatewayError.InvalidPath;
    }

    // The methods YARP's routes can name but TRACE, which echoes credentials; over HTTP/2 a WebSocket begins with CONNECT. Case matters.
    private static bool IsAllowed(HttpContext http) => http.Request.Method switch
    {
        "POST" or "GET" or "HEAD" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" => true,
        "CONNECT" => http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: "websocket" },
        _ => false,
    };

    // Only HTTP/1.1 has transfer encodings. Kestrel keeps a Content-Length that came beside a Transfer-Encoding under this name.
    private static bool IsSoundFraming(HttpRequest request, StringValues encoding) =>
        HttpProtocol.IsHttp11(request.Protocol)
        && encoding.Count == 1
        && "chunked".Equals(encoding[0], StringComparison.OrdinalIgnoreCase)
        && request.ContentLength is null
        && !request.Headers.ContainsKey("X-Content-Length");

    private static bool IsSoundPath(ReadOnlySpan<char> target)
    {
        var query = target.IndexOf('?');
        if (query >= 0 && target[query..].ContainsAnyExceptInRange('!', '~'))
        {
            return false;
        }

        var path = query < 0 ? target : target[..query];
        if (!path.StartsWith('/') && !IsSoundAddress(ref path))
        {
            return false;
        }

        var from = 1;
        while (from < path.Length)
        {
            var at = path[from..].IndexOfAnyExcept(Plain);
            if (at < 0)
            {
                return true;
            }

            at += from;
            if (!IsSound(path, at))
            {
                return false;
            }

            from = at + 1;
        }

        return true;
    }

    /// <summary>Takes the path out of a target that is a whole address. Kestrel unescapes those to the end, slashes too, so they may hold no escape.</summary>
    private static bool IsSoundAddress(ref ReadOnlySpan<char> target)
    {
        var authority = target.IndexOf("://", StringComparison.Ordinal) + "://".Length;
        if (authority < "://".Length)
        {
            return true;
        }

        var length = target[authority..].IndexOf('/');
        var name = length < 0 ? target[authority..] : target.Slice(authority, length);
        target = length < 0 ? "/" : target[(authority + length)..];
        return !name.Contains('@') && !target.Contains('%');
    }

    private static bool IsSound(ReadOnlySpan<char> path, int at) => path[at] switch
    {
        '/' => path[at - 1] != '/',
        ';' => !InDotSegment(path, at),
        '%' => at + 2 < path.Length && char.IsAsciiHexDigit(path[at + 1]) && char.IsAsciiHexDigit(path[at + 2])
            && !path.Slice(at + 1, 2).SequenceEqual("00"),
        _ => false,
    };

    private static bool InDotSegment(ReadOnlySpan<char> path, int at)
    {
        var segment = path[..at];
        segment = segment[(segment.LastIndexOf('/') + 1)..];
        return segment is "." or "..";
    }
}
