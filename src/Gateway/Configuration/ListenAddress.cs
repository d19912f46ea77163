using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace BlazeGateway.Configuration;

/// <summary>An address to listen on, as <c>http://host:port</c> or <c>https://host:port</c>.</summary>
/// <param name="IsHttps">Whether TLS is spoken.</param>
/// <param name="Address">Address to bind; null means every address (<c>*</c>, <c>+</c>) of both families.</param>
/// <param name="IsLocalhost">Written as <c>localhost</c>: both loopback families.</param>
/// <param name="Port">TCP port; 0 lets the system choose.</param>
internal sealed record ListenAddress(bool IsHttps, IPAddress? Address, bool IsLocalhost, int Port)
{
    /// <summary>Whether only this machine can connect.</summary>
    public bool IsLoopback => IsLocalhost || (Address is not null && IPAddress.IsLoopback(Address));

    /// <summary>Whether one process cannot listen on both: they have a port in common, and an address of the machine.</summary>
    public bool Overlaps(ListenAddress other) => Port == other.Port && Port != 0 && (Covers(other) || other.Covers(this));

    /// <summary>An address this machine reaches the listener by, once it is bound to <paramref name="port"/>.</summary>
    public Uri Reachable(int port)
    {
        var host = this switch
        {
            { IsLocalhost: true } => "localhost",
            { Address: null } => "127.0.0.1",
            { Address: { } ip } when ip.Equals(IPAddress.Any) => "127.0.0.1",
            { Address: { } ip } when ip.Equals(IPAddress.IPv6Any) => "[::1]",
            { Address: { AddressFamily: AddressFamily.InterNetworkV6 } ip } => $"[{ip}]",
            _ => Address!.ToString(),
        };
        return new Uri($"{(IsHttps ? "https" : "http")}://{host}:{port}");
    }

    /// <summary>Reads addresses separated by <c>;</c> or <c>,</c>.</summary>
    /// <param name="urls">The text.</param>
    /// <param name="setting">Where it was written, for the error.</param>
    /// <exception cref="FormatException">An address is not understood; the message names it, the rule and the setting.</exception>
    public static IReadOnlyList<ListenAddress> ParseAll(string urls, string setting)
    {
        var all = urls.Split([';', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(url => Parse(url, setting)).ToList();
        return all.Count > 0 ? all : throw new FormatException($"{setting} is empty; write an address such as http://127.0.0.1:8080.");
    }

    /// <summary>Reads one address.</summary>
    /// <exception cref="FormatException">The address is not understood.</exception>
    public static ListenAddress Parse(string url, string setting)
    {
        var separator = url.IndexOf("://", StringComparison.Ordinal);
        var scheme = separator > 0 ? url[..separator].ToLowerInvariant() : "";
        if (scheme is not ("http" or "https"))
        {
            throw Invalid(url, setting, "it must begin with http:// or https://");
        }

        var authority = url[(separator + 3)..].TrimEnd('/');
        if (authority.AsSpan().IndexOfAny('/', '?', '@') >= 0)
        {
            throw Invalid(url, setting, "it may hold a host and a port and nothing else");
        }

        var colon = authority.EndsWith(']') ? -1 : authority.LastIndexOf(':');
        var host = colon < 0 ? authority : authority[..colon];
        var port = scheme == "https" ? 443 : 80;
        if (colon >= 0 && (!int.TryParse(authority[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port > 65535))
        {
            throw Invalid(url, setting, "the port must be a number from 0 to 65535");
        }

        return host switch
        {
            "*" or "+" => new(scheme == "https", null, false, port),
            "localhost" => new(scheme == "https", null, true, port),
            _ when IPAddress.TryParse(host, out var address) => new(scheme == "https", address, false, port),
            _ => throw Invalid(url, setting, "the host must be an IP address, localhost, or * for every address"),
        };
    }

    private bool Covers(ListenAddress other) => this switch
    {
        { IsLocalhost: true } => other.IsLocalhost || Equals(other.Address, IPAddress.Loopback) || Equals(other.Address, IPAddress.IPv6Loopback),
        { Address: null } => true,
        { Address: { } ip } when ip.Equals(IPAddress.IPv6Any) => true,
        { Address: { } ip } when ip.Equals(IPAddress.Any) => other.IsLocalhost || other.Address?.AddressFamily == AddressFamily.InterNetwork,
        _ => Address.Equals(other.Address),
    };

    private static FormatException Invalid(string url, string setting, string rule) =>
        new($"{setting}: '{url}' is not an address to listen on; {rule}, for example http://127.0.0.1:8080.");
}
