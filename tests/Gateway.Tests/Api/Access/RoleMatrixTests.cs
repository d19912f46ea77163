using System.Net;
using BlazeGateway.Api.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Tests.Api.Access;

/// <summary>Every endpoint there is, against every role. A new endpoint is in it without anybody adding it here.</summary>
public sealed class RoleMatrixTests
{
    private static readonly (string? Token, AdminRole Role)[] Callers =
        [(null, AdminRole.Anyone), ("expired", AdminRole.Anyone), ("viewer", AdminRole.Viewer), ("operator", AdminRole.Operator), ("admin", AdminRole.Admin)];

    private static readonly string[] Reading = ["GET", "HEAD"];

    internal static IReadOnlyList<RouteEndpoint> Endpoints(GuardedHost host) =>
        [.. host.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(endpoint => endpoint.Metadata.GetMetadata<RouteModel>() is null)];

    /// <summary>A path of the endpoint: what it takes from the path is there on the host.</summary>
    internal static string PathOf(RouteEndpoint endpoint) => endpoint.RoutePattern.RawText!
        .Replace("{cluster}", "llm", StringComparison.Ordinal).Replace("{destination}", "gpu-a", StringComparison.Ordinal).Replace("{**request}", "one", StringComparison.Ordinal);

    internal static IReadOnlyList<string> Methods(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [];

    /// <summary>The endpoints that do not say what they must.</summary>
    internal static IEnumerable<string> Undeclared(IEnumerable<RouteEndpoint> endpoints)
    {
        foreach (var endpoint in endpoints)
        {
            var path = endpoint.RoutePattern.RawText;
            if (endpoint.Metadata.GetOrderedMetadata<RequiredRole>().Count != 1)
            {
                yield return $"{path} must declare one role with RequireRole";
            }

            if (Methods(endpoint).Count == 0)
            {
                yield return $"{path} must name its methods with MapRead or MapAction";
            }

            if (Methods(endpoint).Any(method => !Reading.Contains(method, StringComparer.Ordinal)) != endpoint.Metadata.GetMetadata<AdminAction>() is not null)
            {
                yield return $"{path} must be mapped with MapAction if it changes something, and only then";
            }
        }
    }

    [Fact]
    public async Task Every_endpoint_declares_its_role_and_its_action()
    {
        await using var host = await GuardedHost.StartAsync();
        var endpoints = Endpoints(host);
        Assert.True(endpoints.Count >= 9, $"Only {endpoints.Count} endpoints were found.");
        Assert.Empty(Undeclared(endpoints));
    }

    [Fact]
    public async Task An_endpoint_that_declares_none_is_found_and_refused_to_everybody()
    {
        var called = false;
        Task Answer(HttpContext context)
        {
            called = true;
            return Task.CompletedTask;
        }

        await using var host = await GuardedHost.StartAsync(more: endpoints =>
        {
            endpoints.MapGet("/undeclared", Answer);
            endpoints.MapPost("/undeclared", Answer).RequireAuthorization();
            endpoints.MapPost("/silent", Answer).RequireRole(AdminRole.Viewer);
        });
        Assert.Equal(4, Undeclared(Endpoints(host)).Count());
        foreach (var (token, _) in Callers)
        {
            using var read = await host.SendAsync(HttpMethod.Get, "/undeclared", token);
            using var change = await host.SendAsync(HttpMethod.Post, "/undeclared", token);
            Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (read.StatusCode, change.StatusCode));
        }

        Assert.False(called);
    }

    [Fact]
    public async Task Every_endpoint_is_open_to_its_role_and_higher_ones_only()
    {
        await using var host = await GuardedHost.StartAsync();
        var asked = 0;
        foreach (var endpoint in Endpoints(host))
        {
            var needed = endpoint.Metadata.GetMetadata<RequiredRole>()!.Role;
            foreach (var method in Methods(endpoint))
            {
                foreach (var (token, role) in Callers)
                {
                    using var answer = await host.SendAsync(new HttpMethod(method), PathOf(endpoint), token);
                    var expected = role >= needed ? "let in" : role == AdminRole.Anyone ? "Unauthorized" : "Forbidden";
                    var actual = answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden ? answer.StatusCode.ToString() : answer.IsSuccessStatusCode ? "let in" : "failed";
                    Assert.True(expected == actual, $"{method} {endpoint.RoutePattern.RawText} with {token ?? "no token"}: {(int)answer.StatusCode}, expected {expected}.");
                    asked++;
                }
            }
        }

        Assert.True(asked >= 85, $"Only {asked} combinations were asked.");
    }

    [Fact]
    public async Task Every_other_method_is_refused_to_every_role()
    {
        await using var host = await GuardedHost.StartAsync();
        foreach (var paths in Endpoints(host).GroupBy(endpoint => endpoint.RoutePattern.RawText!, StringComparer.Ordinal))
        {
            var path = PathOf(paths.First());
            var known = paths.SelectMany(Methods).ToHashSet(StringComparer.Ordinal);
            foreach (var method in new[] { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE" }.Where(method => !known.Contains(method)))
            {
                foreach (var (token, _) in Callers)
                {
                    using var answer = await host.SendAsync(new HttpMethod(method), path, token);
                    Assert.True(answer.StatusCode == HttpStatusCode.MethodNotAllowed, $"{method} {paths.Key} with {token ?? "no token"}: {(int)answer.StatusCode}.");
                    Assert.Equal(known.Order(StringComparer.Ordinal), answer.Content.Headers.Allow.Order(StringComparer.Ordinal));
                }
            }
        }

        Assert.Equal(0, host.Reloads.Count);
    }

    /// <summary>What is answered without a token. Another path in this list is a decision.</summary>
    [Fact]
    public async Task Open_are_health_pages_and_what_is_the_same_everywhere()
    {
        await using var host = await GuardedHost.StartAsync();
        var open = Endpoints(host).Where(endpoint => endpoint.Metadata.GetMetadata<RequiredRole>()!.Role == AdminRole.Anyone).Select(endpoint => endpoint.RoutePattern.RawText!);
        Assert.Equal(["/favicon.ico", "/livez", "/readyz", "/startupz", "/status.css"], open.Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }
}
