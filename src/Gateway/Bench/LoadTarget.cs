using System.Net;

namespace BlazeGateway.Bench;

/// <summary>Turns a URL into an address, and keeps loads on this machine unless they are let out.</summary>
internal static class LoadTarget
{
    /// <summary>Resolves the host of <paramref name="url"/>.</summary>
    /// <exception cref="LoadRefusedException">The name does not resolve, or an address is not loopback and <paramref name="allowRemote"/> is false.</exception>
    public static async Task<IPEndPoint> ResolveAsync(Uri url, bool allowRemote, CancellationToken cancellation)
    {
        IPAddress[] addresses;
        try
        {
            addresses = await Dns.GetHostAddressesAsync(url.DnsSafeHost, cancellation);
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or ArgumentException)
        {
            throw new LoadRefusedException($"--url host '{url.DnsSafeHost}' is not an address to send to ({error.Message}); check the name.");
        }

        if (addresses.Length == 0)
        {
            throw new LoadRefusedException($"--url host '{url.DnsSafeHost}' has no address; check the name.");
        }

        if (!allowRemote && addresses.FirstOrDefault(address => !IsLoopback(address)) is { } remote)
        {
            throw new LoadRefusedException(
                $"--url host '{url.DnsSafeHost}' is {remote}, which is not this machine; a load on other machines needs --allow-remote.");
        }

        return new IPEndPoint(addresses[0], url.Port);
    }

    /// <summary>127.0.0.0/8, ::1, and the former mapped into IPv6.</summary>
    public static bool IsLoopback(IPAddress address) =>
        IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
}
