using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BlazeGateway.Policies.Tests.Pipeline.Wire;

/// <summary>HTTP/2 frame by frame on a bare socket, with a window of zero: whatever the server has to say beyond its headers stays unsaid.</summary>
internal sealed class FrameCaller : IDisposable
{
    private const byte Data = 0;
    private const byte HeadersFrame = 1;
    private const byte ResetFrame = 3;
    private const byte Settings = 4;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Connects and allows the server no bytes of any body.</summary>
    public static async Task<FrameCaller> ConnectAsync(Uri address)
    {
        var caller = new FrameCaller();
        await caller._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port)).Soon();
        await caller._socket.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await caller.FrameAsync(Settings, 0, 0, [0, 4, 0, 0, 0, 0]);
        return caller;
    }

    /// <summary>Sends a POST as stream 1.</summary>
    public async Task PostAsync(string path, byte[] body)
    {
        byte[] head = [0x83, 0x86, 0x04, (byte)path.Length, .. Encoding.ASCII.GetBytes(path), 0x01, 7, .. "gateway"u8];
        await FrameAsync(HeadersFrame, EndHeaders, 1, head);
        await FrameAsync(Data, EndStream, 1, body);
    }

    /// <summary>Waits for the headers of the answer.</summary>
    public async Task HeadersAsync()
    {
        byte type;
        do
        {
            var head = await ReadAsync(9);
            type = head[3];
            await ReadAsync((head[0] << 16) | (head[1] << 8) | head[2]);
        }
        while (type != HeadersFrame);
    }

    /// <summary>Gives up stream 1 with RST_STREAM, CANCEL.</summary>
    public Task ResetStreamAsync() => FrameAsync(ResetFrame, 0, 1, [0, 0, 0, 8]);

    /// <summary>Resets the connection.</summary>
    public void Reset() => _socket.Close(0);

    public void Dispose() => _socket.Dispose();

    private async Task FrameAsync(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        await _socket.SendAsync(frame).Soon();
    }

    private async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        for (var read = 0; read < count;)
        {
            var received = await _socket.ReceiveAsync(bytes.AsMemory(read)).AsTask().Soon();
            Assert.True(received > 0, "The connection ended.");
            read += received;
        }

        return bytes;
    }
}
