namespace BlazeGateway.Api;

/// <summary>The part of section <c>Admin</c> that the admin plane's answers depend on.</summary>
internal sealed record AdminOptions
{
    /// <summary>
    /// Names under which the admin plane may be called, besides <c>localhost</c> and addresses written as numbers. Any other Host header is answered 421,
    /// so that no web page can reach the plane under a name of its own (DNS rebinding). Default: empty.
    /// </summary>
    public List<string> AllowedHosts { get; init; } = [];
}
