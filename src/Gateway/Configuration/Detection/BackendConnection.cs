using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace BlazeGateway.Configuration.Detection;

/// <summary>Asks backends on free paths, within a time and a size, over connections that never reach a link-local address and follow no redirect.</summary>
internal sealed class BackendConnection : IDisposable
{
    /// <summary>Largest part of an answer read, bytes.</summary>
    public const int MaxAnswerBytes = 1024 * 1024;

    private readonly HttpMessageInvoker _invoker;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;

    /// <param name="timeout">Longest wait for one answer.</param>
    /// <param name="time">Clock.</param>
    public BackendConnection(TimeSpan timeout, TimeProvider time)
    {
        _timeout = timeout;
        _time = time;
        _invoker = new HttpMessageInvoker(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseProxy = false,
                UseCookies = false,
                MaxResponseHeadersLength = 32,
                AutomaticDecompression = DecompressionMethods.None,
                ConnectCallback = ConnectAsync,
            },
            disposeHandler: true);
    }

    /// <summary>Asks for one path.</summary>
    public async Task<BackendReply> GetAsync(Uri address, string path, string? anthropicVersion, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, path.TrimStart('/')));
        request.Headers.TryAddWithoutValidation("User-Agent", "BlazeGateway");
        if (anthropicVersion is not null)
        {
            request.Headers.TryAddWithoutValidation("anthropic-version", anthropicVersion);
        }

        try
        {
            using var response = await _invoker.SendAsync(request, either.Token);
            return new BackendReply((int)response.StatusCode, await ReadAsync(response.Content, either.Token), "");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new BackendReply(0, default, $"{BackendReply.Late} {_timeout.TotalSeconds:0.#} s");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidOperationException)
        {
            return new BackendReply(0, default, Reason(error));
        }
    }

    /// <inheritdoc />
    public void Dispose() => _invoker.Dispose();

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellationToken);
        var allowed = Array.FindAll(addresses, a => !BackendAddress.IsLinkLocal(a));
        if (allowed.Length == 0)
        {
            throw new IOException("its host name leads to a link-local address, which is refused");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while (body.Length < MaxAnswerBytes && (read = await stream.ReadAsync(chunk, cancellationToken)) > 0)
        {
            body.Write(chunk, 0, (int)Math.Min(read, MaxAnswerBytes - body.Length));
        }

        return body.ToArray();
    }

    private static string Reason(Exception error)
    {
        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return "connection refused";
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain }:
                    return "the host name has no address";
                case SocketException { SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable }:
                    return "no way to the host";
                case AuthenticationException:
                    return "TLS failed: its certificate is not trusted or does not fit the host name";
                case IOException when cause.InnerException is null && cause.Message.Contains("link-local", StringComparison.Ordinal):
                    return cause.Message;
            }
        }

        return "the connection broke off before an answer";
    }
}
