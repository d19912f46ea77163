using System.Net.Sockets;
using System.Text;

namespace BlazeGateway.Policies.Tests.Pipeline.Wire;

/// <summary>How an answer ended for who asked.</summary>
/// <param name="IsComplete">Whether the protocol says that it is whole.</param>
/// <param name="Body">Body bytes that had not been read before.</param>
internal sealed record Ending(bool IsComplete, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>Sends one request and takes the answer as the test says; two protocols, one behaviour.</summary>
internal abstract class Caller : IAsyncDisposable
{
    /// <summary>Status of the answer, once <see cref="HeadAsync"/> ended.</summary>
    public int Status { get; protected set; }

    public static async Task<Caller> CreateAsync(string protocol, Uri http1, Uri http2) =>
        protocol == "HTTP/2" ? new Http2Caller(http2) : await Http1Caller.ConnectAsync(http1);

    /// <summary>Sends a request.</summary>
    /// <param name="path">Path.</param>
    /// <param name="body">Its body.</param>
    /// <param name="sent">Bytes of it to send before stopping in the middle; null for all.</param>
    /// <param name="headers">Further headers.</param>
    public abstract Task SendAsync(string path, byte[] body, int? sent = null, params (string Name, string Value)[] headers);

    /// <summary>Sends what is left of the body, as far as there is still somebody who takes it.</summary>
    public abstract Task SendRestAsync();

    /// <summary>Waits for status and headers.</summary>
    public abstract Task HeadAsync();

    /// <summary>Value of a header of the answer, null without it.</summary>
    public abstract string? Header(string name);

    /// <summary>Waits for exactly so many more bytes of the body.</summary>
    public abstract Task<byte[]> ReadAsync(int count);

    /// <summary>Reads whatever comes until the answer ends.</summary>
    public abstract Task<Ending> EndAsync();

    /// <summary>Gives up: closes the connection, or resets the stream of a connection that goes on.</summary>
    public abstract Task LeaveAsync();

    public abstract ValueTask DisposeAsync();

    public async Task<string> TextAsync(int count) => Encoding.UTF8.GetString(await ReadAsync(count));

    protected static bool IsCut(Exception exception) =>
        exception is SocketException or IOException or HttpRequestException or OperationCanceledException;
}
