using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace BlazeGateway.Policies.Tests.Pipeline.Wire;

/// <summary>One request that reached a <see cref="ScriptedDestination"/>. The test writes the answer, byte by byte if it likes.</summary>
internal sealed class Exchange(Socket socket, string head, Task<byte[]> body, Task closed)
{
    private readonly TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the body may be read.</summary>
    public Task Reading => _reading.Task;

    /// <summary>Request line and headers.</summary>
    public string Head { get; } = head;

    /// <summary>The body, once it is whole; canceled when the connection ended before.</summary>
    public Task<byte[]> Body { get; } = body;

    /// <summary>Ends when the other side closed or reset the connection.</summary>
    public Task Closed { get; } = closed;

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }

    /// <summary>Begins a chunked answer with status 200.</summary>
    public Task BeginAsync(string type, string headers = "") =>
        SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\n{headers}Transfer-Encoding: chunked\r\n\r\n");

    /// <summary>Begins an answer of server-sent events.</summary>
    public Task BeginEventsAsync() => BeginAsync("text/event-stream");

    public Task ChunkAsync(string text) => ChunkAsync(Encoding.UTF8.GetBytes(text));

    public Task ChunkAsync(ReadOnlySpan<byte> bytes)
    {
        var size = Encoding.ASCII.GetBytes(bytes.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n");
        return SendAsync((byte[])[.. size, .. bytes, .. "\r\n"u8]);
    }

    /// <summary>Ends a chunked answer.</summary>
    public Task EndAsync() => SendAsync("0\r\n\r\n");

    /// <summary>A whole answer with a length.</summary>
    public Task AnswerAsync(string body, string type = "application/json", string status = "200 OK") =>
        SendAsync($"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    /// <summary>Reads the body after all.</summary>
    public void ReadOn() => _reading.TrySetResult();

    /// <summary>Resets the connection.</summary>
    public void Reset() => socket.Close(0);

    /// <summary>Closes the connection in good order; what comes afterwards is refused.</summary>
    public void Close() => socket.Close();

    /// <summary>Sends no more (FIN).</summary>
    public void Finish() => socket.Shutdown(SocketShutdown.Send);
}
