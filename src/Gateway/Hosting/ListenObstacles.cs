using System.Net;
using System.Net.Sockets;
using BlazeGateway.Configuration;

namespace BlazeGateway.Hosting;

/// <summary>An address to listen on and where it comes from.</summary>
/// <param name="Address">The address.</param>
/// <param name="Option">Option of the command line that changes it.</param>
/// <param name="Setting">Key that changes it.</param>
internal sealed record ListenWish(ListenAddress Address, string Option, string Setting);

/// <summary>
/// Finds out, by binding each address and letting go of it again, what stands in the way of a start. Asked before the server starts, because
/// the server says it with a stack trace and not always with the address.
/// </summary>
internal static class ListenObstacles
{
    private const int PortsTried = 100;

    /// <summary>One line for each address that cannot be had, with an option that works; null when all can.</summary>
    public static string? Describe(IReadOnlyList<ListenWish> wishes)
    {
        var lines = new List<string>();
        for (var i = 0; i < wishes.Count; i++)
        {
            var wish = wishes[i];
            if (Bind(wish.Address) is { } error)
            {
                lines.Add($"{Shown(wish.Address)} {Reason(error)}. {Remedy(wish, wishes)}");
            }
            else if (wishes.Take(i).FirstOrDefault(earlier => Collide(earlier.Address, wish.Address)) is { } other)
            {
                lines.Add($"{other.Option} and {wish.Option} both say {Shown(wish.Address)}. {Remedy(wish, wishes)}");
            }
        }

        return lines.Count == 0 ? null : string.Join(Environment.NewLine, lines);
    }

    /// <summary>Why <paramref name="address"/> cannot be listened on now; null when it can.</summary>
    public static SocketError? Bind(ListenAddress address) => address switch
    {
        { IsLocalhost: true } => Bind(IPAddress.Loopback, address.Port)
            ?? (Bind(IPAddress.IPv6Loopback, address.Port) is SocketError.AddressAlreadyInUse ? SocketError.AddressAlreadyInUse : null),
        { Address: null } => Bind(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, address.Port),
        _ => Bind(address.Address, address.Port),
    };

    private static SocketError? Bind(IPAddress address, int port)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(new IPEndPoint(address, port));
            socket.Listen();
            return null;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode;
        }
    }

    private static string Reason(SocketError error) => error switch
    {
        SocketError.AddressAlreadyInUse => "is taken by another process",
        SocketError.AccessDenied => "may not be listened on by this user",
        SocketError.AddressNotAvailable => "is not an address of this machine",
        _ => $"cannot be listened on ({error})",
    };

    private static string Remedy(ListenWish wish, IReadOnlyList<ListenWish> wishes)
    {
        var start = wish.Address.Port < 1024 ? 8080 : wish.Address.Port + 1;
        var free = Enumerable.Range(start, PortsTried).Where(static port => port <= IPEndPoint.MaxPort)
            .Select(port => new ListenAddress(wish.Address.IsHttps, IPAddress.Loopback, IsLocalhost: false, port))
            .FirstOrDefault(candidate => Bind(candidate) is null && !wishes.Any(other => Collide(other.Address, candidate)));
        var example = free ?? new ListenAddress(wish.Address.IsHttps, IPAddress.Loopback, IsLocalhost: false, 0);
        return $"Choose another with {wish.Option} {Shown(example)} (setting {wish.Setting}).";
    }

    private static bool Collide(ListenAddress one, ListenAddress other) =>
        one.Port == other.Port && one.Port != 0 && (IsAny(one) || IsAny(other) || (one.IsLocalhost ? other.IsLoopback : other.IsLocalhost ? one.IsLoopback : one.Address!.Equals(other.Address)));

    private static bool IsAny(ListenAddress address) =>
        !address.IsLocalhost && (address.Address is null || address.Address.Equals(IPAddress.Any) || address.Address.Equals(IPAddress.IPv6Any));

    private static string Shown(ListenAddress address)
    {
        var host = address switch
        {
            { IsLocalhost: true } => "localhost",
            { Address: null } => "*",
            { Address.AddressFamily: AddressFamily.InterNetworkV6 } => $"[{address.Address}]",
            _ => address.Address.ToString(),
        };
        return $"{(address.IsHttps ? "https" : "http")}://{host}:{address.Port}";
    }
}
