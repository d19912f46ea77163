namespace BlazeGateway.Api.Access;

/// <summary>What a caller of the admin plane may do. Each role may do what those before it may.</summary>
internal enum AdminRole
{
    /// <summary>Nothing but the pages that ask for no token.</summary>
    Anyone,

    /// <summary>Reads.</summary>
    Viewer,

    /// <summary>Also acts on what is configured: reload, drain and the like.</summary>
    Operator,

    /// <summary>Also does what exposes data or changes what is configured.</summary>
    Admin,
}

/// <summary>The role an endpoint asks for.</summary>
internal sealed record RequiredRole(AdminRole Role);

/// <summary>What an endpoint does when it changes something, for the audit log.</summary>
/// <param name="Action">The verb, such as <c>reload</c>.</param>
/// <param name="Target">What it is done to, such as <c>configuration</c>; values of the path's parameters follow it.</param>
internal sealed record AdminAction(string Action, string Target);
