using System.Buffers;
using System.Net;
using System.Net.Mime;
using BlazeGateway.Configuration.Options;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Net.Http.Headers;

namespace BlazeGateway.Api.Access;

/// <summary>
/// What a request has to look like before anybody asks who sent it: a host name of ours (a page can give its own name our address), a path in its one
/// spelling, an origin of ours where it would change something, and JSON where it carries something. Also the place where an endpoint
/// that declares no role is refused.
/// </summary>
internal sealed class AdminGuard
{
    /// <summary>Largest body, in bytes.</summary>
    internal const int MaxBodyBytes = 1 << 20;

    private static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._~-:@");
    private readonly RequestDelegate _next;
    private readonly HashSet<string> _hosts;
    private readonly HashSet<IPAddress> _addresses;
    private readonly HashSet<string> _origins;

    public AdminGuard(RequestDelegate next, AdminOptions options)
    {
        _next = next;
        _hosts = new HashSet<string>(options.AllowedHosts, StringComparer.OrdinalIgnoreCase) { "localhost" };
        _addresses = [.. options.AllowedHosts.Select(static host => IPAddress.TryParse(host, out var address) ? address : null).OfType<IPAddress>()];
        _origins = new HashSet<string>(options.AllowedOrigins, StringComparer.OrdinalIgnoreCase);
    }

    public async Task InvokeAsync(HttpContext context)
    {
        if (Misdirected(context) is { } misdirected)
        {
            await AdminProblem.WriteAsync(context, misdirected.Error, misdirected.Detail);
            return;
        }

        var caller = await context.AuthenticateAsync(AdminTokenHandler.SchemeName);
        context.User = caller.Principal ?? context.User;
        if (Unfit(context) is { } unfit)
        {
            await AdminProblem.WriteAsync(context, unfit.Error, unfit.Detail);
            return;
        }

        await _next(context);
    }

    private Refusal? Misdirected(HttpContext context)
    {
        var host = context.Request.Host.Host;
        if (!IsOurs(host, context.Connection.LocalIpAddress))
        {
            return new(AdminError.HostNotAllowed, $"The admin plane is not called '{AdminProblem.Shown(host)}'. Add the name to Admin:AllowedHosts, or use localhost.");
        }

        return IsPlain(context) ? null : new(AdminError.InvalidPath, "Write the path as it is: no escapes, no dot segments, no empty segments.");
    }

    private Refusal? Unfit(HttpContext context)
    {
        var request = context.Request;
        var changes = !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method);
        if (changes && !IsFromHere(request))
        {
            return new(AdminError.OriginNotAllowed, "A page of another site may not change anything here. Admin:AllowedOrigins lists further origins.");
        }

        var endpoint = context.GetEndpoint();
        if (endpoint is null || (endpoint is RouteEndpoint route && !IsSpelled(route.RoutePattern, request.Path.Value!)))
        {
            return new(AdminError.PathNotFound, $"There is nothing at '{AdminProblem.Shown(request.Path.Value!)}' on the admin plane.{Instead(request.Path.Value!)}");
        }

        // What is no RouteEndpoint is routing's own answer to a wrong method.
        if (endpoint is RouteEndpoint && endpoint.Metadata.GetMetadata<RequiredRole>() is null)
        {
            return new(AdminError.RoleUndeclared, "This endpoint does not say which role it needs, so nobody may use it. This is a fault of the gateway.");
        }

        return changes && endpoint is RouteEndpoint ? BodyFault(context) : null;
    }

    // One name for both questions would answer whoever means the other one wrongly, so it is no page.
    private static string Instead(string path) => path is "/health" or "/healthz"
        ? " Ask /livez whether the process runs, or /readyz whether requests should be sent here."
        : "";

    private bool IsOurs(string host, IPAddress? local)
    {
        if (_hosts.Contains(host))
        {
            return true;
        }

        if (!IPAddress.TryParse(host, out var address))
        {
            return false;
        }

        return IPAddress.IsLoopback(address) || Equals(Unmapped(address), Unmapped(local)) || _addresses.Contains(address);
    }

    private static IPAddress? Unmapped(IPAddress? address) => address?.IsIPv4MappedToIPv6 == true ? address.MapToIPv4() : address;

    // Programs in front that guard paths by their text see the same text we route by.
    private static bool IsPlain(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.AsSpan();
        var query = target.IndexOf('?');
        target = query < 0 ? target : target[..query];
        var scheme = target.StartsWith("/") ? -1 : target.IndexOf("://");
        if (scheme > 0)
        {
            target = target[(scheme + "://".Length)..];
            var path = target.IndexOf('/');
            target = path < 0 ? "/" : target[path..];
        }

        return target.SequenceEqual(context.Request.Path.Value) && !target.ContainsAnyExcept(Plain) && target.IndexOf("//") < 0;
    }

    // Browsers name the origin of every cross-site change in one of the two headers; tools send neither.
    private bool IsFromHere(HttpRequest request)
    {
        var origin = request.Headers.Origin;
        if (origin.Count > 0 && !string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase))
        {
            return origin.Count == 1 && _origins.Contains(origin[0] ?? "");
        }

        var site = request.Headers["Sec-Fetch-Site"];
        return site.Count == 0 || site == "same-origin";
    }

    /// <summary>Routing ignores case and a slash at the end; one endpoint has one path all the same.</summary>
    private static bool IsSpelled(RoutePattern pattern, string path)
    {
        var segments = path == "/" ? [] : path[1..].Split('/');
        for (var i = 0; i < pattern.PathSegments.Count; i++)
        {
            if (pattern.PathSegments[i].Parts is [RoutePatternParameterPart { IsCatchAll: true }])
            {
                return true;
            }

            if (i >= segments.Length || (pattern.PathSegments[i].Parts is [RoutePatternLiteralPart literal] && literal.Content != segments[i]))
            {
                return false;
            }
        }

        return segments.Length == pattern.PathSegments.Count;
    }

    private static Refusal? BodyFault(HttpContext context)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != true)
        {
            return null;
        }

        var request = context.Request;
        if (request.ContentLength > MaxBodyBytes)
        {
            return new(AdminError.BodyTooLarge, $"The body has {request.ContentLength} bytes; at most {MaxBodyBytes} are read.");
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = MaxBodyBytes;
        }

        var isJson = MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase);
        return isJson && request.Headers.ContentEncoding.Count == 0
            ? null
            : new(AdminError.ContentTypeNotJson, "Send the body as JSON, uncompressed, with 'Content-Type: application/json'.");
    }

    private readonly record struct Refusal(AdminError Error, string Detail);
}
