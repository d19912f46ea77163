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
    private static readonly SearchValues<char> Suspicious = SearchValues.Create("%\\#\t;/");

    /// <summary>Null when the request is sound.</summary>
    public static GatewayError? Check(RequestContext context)
    {
        var http = context.Http;
        var request = http.Request;
        if (HttpMethods.IsTrace(request.Method) || request.Method.Equals("TRACK", StringComparison.OrdinalIgnoreCase))
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

    // Kestrel keeps a Content-Length that came beside a Transfer-Encoding under this name.
    private static bool IsSoundFraming(HttpRequest request, StringValues encoding) =>
        encoding.Count == 1
        && "chunked".Equals(encoding[0], StringComparison.OrdinalIgnoreCase)
        && request.ContentLength is null
        && !request.Headers.ContainsKey("X-Content-Length");

    private static bool IsSoundPath(ReadOnlySpan<char> target)
    {
        var query = target.IndexOf('?');
        var path = query < 0 ? target : target[..query];
        var from = path.StartsWith('/') ? 1 : 0;
        while (from < path.Length)
        {
            var at = path[from..].IndexOfAny(Suspicious);
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
