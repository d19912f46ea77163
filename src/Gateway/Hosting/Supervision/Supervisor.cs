using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace BlazeGateway.Hosting.Supervision;

/// <summary>
/// What started the process and wants to know how it fares, by systemd's protocol (sd_notify(3)): datagrams to the socket NOTIFY_SOCKET names. Without it nothing
/// is sent. A supervisor that does not listen changes nothing for the process.
/// </summary>
internal sealed class Supervisor
{
    private readonly UnixDomainSocketEndPoint? _address;

    /// <param name="variable">Reads a variable of the environment.</param>
    /// <param name="process">Id of this process.</param>
    public Supervisor(Func<string, string?> variable, int process)
    {
        if (variable("NOTIFY_SOCKET") is not ['/' or '@', _, ..] name || !Socket.OSSupportsUnixDomainSockets)
        {
            return;
        }

        _address = new UnixDomainSocketEndPoint(name[0] == '@' ? string.Concat("\0", name.AsSpan(1)) : name);
        var isForUs = variable("WATCHDOG_PID") is not { Length: > 0 } named || named == process.ToString(CultureInfo.InvariantCulture);
        if (isForUs && long.TryParse(variable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) && microseconds is > 0 and < long.MaxValue / 10)
        {
            Patience = TimeSpan.FromMicroseconds(microseconds);
        }
    }

    /// <summary>The supervisor of this process.</summary>
    public static Supervisor OfProcess() => new(Environment.GetEnvironmentVariable, Environment.ProcessId);

    /// <summary>Within which time it wants a sign of life; null when it wants none.</summary>
    public TimeSpan? Patience { get; }

    /// <summary>Requests are served.</summary>
    public void Ready() => Tell("READY=1");

    /// <summary>The process has begun to stop.</summary>
    public void Stopping() => Tell("STOPPING=1");

    /// <summary>A sign of life.</summary>
    public void IsAlive() => Tell("WATCHDOG=1");

    /// <summary>A sentence for people who look at the process's status.</summary>
    public void Say(string status) => Tell("STATUS=" + status);

    private void Tell(string text)
    {
        if (_address is null)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = 100 };
            socket.SendTo(Encoding.UTF8.GetBytes(text), _address);
        }
        catch (SocketException)
        {
            // It went away or never was there; who watches it is not for us to say.
        }
    }
}
