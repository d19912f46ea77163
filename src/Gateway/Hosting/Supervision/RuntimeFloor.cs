namespace BlazeGateway.Hosting.Supervision;

/// <summary>The oldest .NET runtime that is safe to put in front of others.</summary>
internal static class RuntimeFloor
{
    /// <summary>
    /// CVE-2025-55315, request smuggling by chunk extensions in Kestrel, is fixed in 10.0.0-rc.2; of what this program runs on, 10.0.0 is the first release with it.
    /// Raise it when another hole in Kestrel's HTTP is closed.
    /// </summary>
    public static readonly Version Oldest = new(10, 0, 0);

    /// <summary>What is wrong with a runtime, and the fix; null when nothing is.</summary>
    /// <param name="description">As the runtime calls itself, such as <c>.NET 10.0.0-rc.1.25451.107</c>.</param>
    public static string? Fault(string description)
    {
        var text = description[(description.LastIndexOf(' ') + 1)..];
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return Version.TryParse(dash < 0 ? text : text[..dash], out var version) && (version > Oldest || (version == Oldest && dash < 0))
            ? null
            : $"{description} is older than {Oldest}, before which Kestrel lets requests be smuggled (CVE-2025-55315); install the latest .NET {Oldest.Major}.{Oldest.Minor} runtime";
    }
}
