using System.Net;
using System.Net.Sockets;

namespace BlazeGateway.Configuration.Detection;

/// <summary>Reads the value of <c>--backend</c>.</summary>
internal static class BackendAddress
{
    private const string Flag = "--backend";
    private const string Example = "http://127.0.0.1:8000";
    private static readonly IPAddress MetadataV6 = IPAddress.Parse("fd00:ec2::254");

    /// <summary>Makes the destination's address of <paramref name="value"/>; a trailing <c>/v1</c>, as client libraries want it, is taken off.</summary>
    /// <param name="value">What stands after the flag.</param>
    /// <param name="address">The address, ending in <c>/</c>.</param>
    /// <param name="error">What is wrong, with the flag, the value, the rule and the fix.</param>
    public static bool TryRead(string value, out Uri? address, out string? error)
    {
        address = null;
        error = Check(value, out var uri);
        if (error is not null)
        {
            return false;
        }

        var path = uri!.AbsolutePath.TrimEnd('/');
        if (path.EndsWith("/v1", StringComparison.OrdinalIgnoreCase))
        {
            path = path[..^"/v1".Length];
        }

        address = new Uri(uri.GetLeftPart(UriPartial.Authority) + path + "/");
        return true;
    }

    /// <summary>Whether an address belongs to the machine's own link, where clouds keep the credentials of the machine.</summary>
    public static bool IsLinkLocal(IPAddress address)
    {
        var ip = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return ip.AddressFamily == AddressFamily.InterNetwork
            ? ip.GetAddressBytes() is [169, 254, ..]
            : ip.IsIPv6LinkLocal || ip.Equals(MetadataV6);
    }

    private static string? Check(string value, out Uri? uri)
    {
        if (!Uri.TryCreate(value, UriKind.Absolute, out uri) || uri.Host.Length == 0)
        {
            return $"{Flag} is '{Shown(value)}'; it must be an address such as {Example}.";
        }

        if (uri.Scheme is not ("http" or "https"))
        {
            return $"{Flag} is '{Shown(value)}'; its scheme must be http or https, for example {Example}.";
        }

        if (uri.UserInfo.Length > 0)
        {
            return $"{Flag} for host '{uri.Host}' carries a user or password; leave it out and set Extensions.Credentials in routes.json "
                + "(--print-config writes one).";
        }

        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            return $"{Flag} for host '{uri.Host}' has a query or fragment; it must be an address such as {Example}.";
        }

        if (IPAddress.TryParse(uri.IdnHost.Trim('[', ']'), out var ip) && IsLinkLocal(ip))
        {
            return $"{Flag} is '{Shown(value)}'; link-local addresses (169.254.0.0/16, fe80::/10, fd00:ec2::254) are refused. Give the server's own address.";
        }

        return null;
    }

    private static string Shown(string value)
    {
        // What stands before an @ may be a password.
        var at = value.LastIndexOf('@');
        var shown = at < 0 ? value : "…" + value[at..];
        var clean = string.Create(Math.Min(shown.Length, 100), shown, static (span, text) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(text[i]) ? '?' : text[i];
            }
        });
        return clean;
    }
}
