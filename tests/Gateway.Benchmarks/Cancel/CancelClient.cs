using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BlazeGateway.Benchmarks.Cancel;

/// <summary>A client that sends one request, takes a part of the answer, and leaves: by closing its connection, or with RST_STREAM.</summary>
internal abstract class CancelClient : IDisposable
{
    private readonly byte[] _buffer = new byte[16 * 1024];

    /// <summary>Sends the request, or the first <paramref name="sent"/> bytes of its body.</summary>
    public abstract Task SendAsync(Uri address, byte[] body, int sent, CancellationToken cancellation);

    /// <summary>Leaves now.</summary>
    public abstract void Leave();

    public abstract void Dispose();

    /// <summary>Reads until the answer so far holds <paramref name="text"/> so many times.</summary>
    public async Task ReadUntilAsync(string text, int times, CancellationToken cancellation)
    {
        var answer = new StringBuilder();
        while (answer.ToString().Split(text).Length <= times)
        {
            var read = await ReadAsync(_buffer, cancellation);
            if (read == 0)
            {
                throw new IOException($"The answer ended before '{text}' had come {times} times: {answer}");
            }

            answer.Append(Encoding.Latin1.GetString(_buffer, 0, read));
        }
    }

    protected abstract ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation);
}

/// <summary>HTTP/1.1 on a bare socket; what it reads includes the head.</summary>
internal sealed class Http1CancelClient : CancelClient
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public override async Task SendAsync(Uri address, byte[] body, int sent, CancellationToken cancellation)
    {
        await _socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port, cancellation);
        var head = $"POST {address.PathAndQuery} HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n";
        await _socket.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body.AsSpan(0, sent)], cancellation);
    }

    public override void Leave() => _socket.Dispose();

    public override void Dispose() => _socket.Dispose();

    protected override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation) => _socket.ReceiveAsync(buffer, cancellation);
}

/// <summary>One stream of an HTTP/2 connection that others share.</summary>
internal sealed class Http2CancelClient(HttpMessageInvoker connection) : CancelClient
{
    private readonly CancellationTokenSource _leaving = new();
    private Task<HttpResponseMessage>? _sending;
    private Stream? _answer;

    public override async Task SendAsync(Uri address, byte[] body, int sent, CancellationToken cancellation)
    {
        var content = new PartContent(body, sent);
        var request = new HttpRequestMessage(HttpMethod.Post, address) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content };
        content.Headers.ContentType = new("application/json");
        _sending = connection.SendAsync(request, _leaving.Token);
        await content.Sent.WaitAsync(cancellation);
    }

    /// <summary>Ends the wait for the head, or gives up the body: either sends RST_STREAM.</summary>
    public override void Leave()
    {
        _leaving.Cancel();
        _answer?.Dispose();
    }

    public override void Dispose()
    {
        Leave();
        _ = _sending?.ContinueWith(static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        _leaving.Dispose();
    }

    protected override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        _answer ??= await (await _sending!.WaitAsync(cancellation)).Content.ReadAsStreamAsync(cancellation);
        return await _answer.ReadAsync(buffer, _leaving.Token);
    }

    private sealed class PartContent(byte[] body, int sent) : HttpContent
    {
        private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Sent => _sent.Task;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(body.AsMemory(0, sent), cancellationToken);
            await stream.FlushAsync(cancellationToken);
            _sent.SetResult();
            if (sent < body.Length)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = body.Length;
            return true;
        }
    }
}
