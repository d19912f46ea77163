using Microsoft.AspNetCore.Authorization;

namespace BlazeGateway.Api.Access;

/// <summary>How endpoints of the admin plane are declared: <c>MapRead</c> or <c>MapAction</c>, then <c>RequireRole</c>. One without a role is refused to everybody.</summary>
internal static class AdminEndpointExtensions
{
    /// <summary>An endpoint that changes nothing: GET and HEAD.</summary>
    public static IEndpointConventionBuilder MapRead(this IEndpointRouteBuilder endpoints, string pattern, RequestDelegate answer) =>
        endpoints.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], answer);

    /// <summary>An endpoint that changes something: POST, with a line in the audit log.</summary>
    public static IEndpointConventionBuilder MapAction(this IEndpointRouteBuilder endpoints, string pattern, AdminAction action, RequestDelegate answer) =>
        endpoints.MapPost(pattern, answer).WithMetadata(action);

    /// <summary>Asks for a token of this role or a higher one; without tokens in the configuration every caller on this machine is an admin.</summary>
    public static void RequireRole(this IEndpointConventionBuilder endpoint, AdminRole role)
    {
        endpoint.WithMetadata(new RequiredRole(role));
        if (role == AdminRole.Anyone)
        {
            endpoint.AllowAnonymous();
        }
        else
        {
            endpoint.RequireAuthorization(PolicyOf(role));
        }
    }

    /// <summary>One policy for each role that asks for something.</summary>
    public static void AddRolePolicies(this AuthorizationOptions authorization)
    {
        foreach (var role in Enum.GetValues<AdminRole>().Where(static role => role != AdminRole.Anyone))
        {
            authorization.AddPolicy(PolicyOf(role), policy => policy
                .AddAuthenticationSchemes(AdminTokenHandler.SchemeName)
                .RequireRole(Enum.GetValues<AdminRole>().Where(held => held >= role).Select(static held => held.ToString())));
        }
    }

    private static string PolicyOf(AdminRole role) => $"{AdminTokenHandler.SchemeName}:{role}";
}
