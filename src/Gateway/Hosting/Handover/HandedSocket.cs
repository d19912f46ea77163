using System.Net;
using System.Net.Sockets;

namespace BlazeGateway.Hosting.Handover;

/// <summary>A listening socket that whoever started the process opened for it.</summary>
/// <param name="Descriptor">Its file descriptor.</param>
/// <param name="Address">Where it listens.</param>
/// <param name="IsAdmin">Whether operators use it.</param>
internal sealed record HandedSocket(int Descriptor, IPEndPoint Address, bool IsAdmin)
{
    /// <summary>Looks at a descriptor.</summary>
    /// <exception cref="CannotBindException">It is no listening TCP socket.</exception>
    public static HandedSocket Read(int descriptor, bool isAdmin)
    {
        try
        {
            using var handle = new SafeSocketHandle(descriptor, ownsHandle: false);
            using var socket = new Socket(handle);
            if (socket.SocketType != SocketType.Stream || socket.LocalEndPoint is not IPEndPoint address)
            {
                throw Refused(descriptor, "is not open, or is no TCP socket");
            }

            return socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection) is 1
                ? new HandedSocket(descriptor, address, isAdmin)
                : throw Refused(descriptor, $"is a socket at {address} that does not listen");
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            throw Refused(descriptor, "is not open, or is no TCP socket");
        }
    }

    private static CannotBindException Refused(int descriptor, string what) => new(
        $"Descriptor {descriptor}, which {HandedSockets.CountVariable} hands over, {what}; it must be a listening TCP socket (ListenStream= of a systemd socket unit). "
        + $"Correct it, or start without {HandedSockets.CountVariable}.",
        null);
}
