using System.Net.Sockets;
using System.Text;
using BlazeGateway.Hosting.Supervision;

namespace BlazeGateway.Tests.Hosting.Supervision;

public class SupervisorTests
{
    [Fact]
    public void It_is_told_by_datagrams()
    {
        var path = Path.Combine(Path.GetTempPath(), $"blaze{Guid.NewGuid():N}.sock");
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        systemd.Bind(new UnixDomainSocketEndPoint(path));
        try
        {
            var supervisor = Of(("NOTIFY_SOCKET", path));
            supervisor.Ready();
            supervisor.IsAlive();
            supervisor.Say("serving");
            supervisor.Stopping();
            Assert.Equal(["READY=1", "WATCHDOG=1", "STATUS=serving", "STOPPING=1"], [Received(systemd), Received(systemd), Received(systemd), Received(systemd)]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("/nowhere/to/be/found")]
    [InlineData("nonsense")]
    public void One_that_is_not_there_harms_nothing(string? socket) => Assert.Null(Record.Exception((socket is null ? Of() : Of(("NOTIFY_SOCKET", socket))).Ready));

    [Theory]
    [InlineData("3000000", null, 3.0)]
    [InlineData("3000000", "17", 3.0)]
    [InlineData("3000000", "18", null)]
    [InlineData("0", null, null)]
    [InlineData("soon", null, null)]
    [InlineData(null, null, null)]
    public void Signs_of_life_are_wanted_within(string? microseconds, string? process, double? seconds) => Assert.Equal(
        seconds, Of(("NOTIFY_SOCKET", "/run/x"), ("WATCHDOG_USEC", microseconds), ("WATCHDOG_PID", process)).Patience?.TotalSeconds);

    private static Supervisor Of(params (string Name, string? Value)[] variables) =>
        new(name => Array.Find(variables, variable => variable.Name == name).Value, 17);

    private static string Received(Socket socket)
    {
        var buffer = new byte[256];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }
}
