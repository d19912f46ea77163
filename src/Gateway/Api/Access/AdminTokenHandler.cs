using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BlazeGateway.Api.Access;

/// <summary>
/// Tells who calls the admin plane by <c>Authorization: Bearer TOKEN</c> and nothing else: no cookie, which a browser would send on behalf of other pages,
/// and no query, which logs keep. Refusals are told by <see cref="AdminGate"/>, once; the framework's own lines about them stay unwritten.
/// </summary>
internal sealed class AdminTokenHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, UrlEncoder encoder, AdminTokens tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, NullLoggerFactory.Instance, encoder)
{
    public const string SchemeName = "AdminToken";

    /// <summary>How doctor and tools recognize the gateway behind a 401.</summary>
    public const string Realm = "BlazeGateway admin";

    private const string Bearer = "Bearer ";
    private AdminError _error = AdminError.TokenMissing;

    /// <summary>Who calls, as authenticated; null for a caller without a valid token.</summary>
    public static AdminCaller? CallerOf(HttpContext context) => context.User.Identity is { IsAuthenticated: true, Name: { } name }
        ? new AdminCaller(name, Enum.Parse<AdminRole>(context.User.FindFirstValue(ClaimTypes.Role)!))
        : null;

    /// <inheritdoc />
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

    /// <inheritdoc />
    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        await HandleAuthenticateOnceSafeAsync();
        Response.Headers.WWWAuthenticate = $"Bearer realm=\"{Realm}\"" + (_error == AdminError.TokenMissing ? "" : ", error=\"invalid_token\"");
        await AdminProblem.WriteAsync(Context, _error, Explain(_error));
    }

    /// <inheritdoc />
    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var needed = Context.GetEndpoint()?.Metadata.GetMetadata<RequiredRole>()?.Role ?? AdminRole.Admin;
        return AdminProblem.WriteAsync(
            Context, AdminError.RoleTooLow, $"This needs the role {Lower(needed)}; the token has the role {Lower(CallerOf(Context)?.Role ?? AdminRole.Anyone)}.");
    }

    private AuthenticateResult Authenticate()
    {
        if (!tokens.AreRequired)
        {
            return Context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote) ? Success(AdminTokens.Local) : AuthenticateResult.NoResult();
        }

        var headers = Request.Headers.Authorization;
        if (headers.Count == 0)
        {
            return AuthenticateResult.NoResult();
        }

        _error = AdminError.TokenInvalid;
        if (headers.Count > 1 || headers[0]?.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) != true)
        {
            return AuthenticateResult.Fail(_error.Code);
        }

        var caller = tokens.Find(headers[0]![Bearer.Length..], out var error);
        _error = error ?? _error;
        return caller is null ? AuthenticateResult.Fail(_error.Code) : Success(caller);
    }

    private static AuthenticateResult Success(AdminCaller caller)
    {
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, caller.Name), new Claim(ClaimTypes.Role, caller.Role.ToString())], SchemeName);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }

    private static string Explain(AdminError error) => error switch
    {
        _ when error == AdminError.TokenMissing => "Send a token as 'Authorization: Bearer TOKEN'. 'blaze token new' makes one.",
        _ when error == AdminError.TokenExpired => "The token has expired. 'blaze token new' makes another.",
        _ => "The token is not known here. Send one known token in one header, 'Authorization: Bearer TOKEN'.",
    };

    private static string Lower(AdminRole role) => role.ToString().ToLowerInvariant();
}
