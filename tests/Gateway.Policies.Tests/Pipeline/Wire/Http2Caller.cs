using System.Net;

namespace BlazeGateway.Policies.Tests.Pipeline.Wire;

/// <summary>One stream of an HTTP/2 connection by prior knowledge; to leave is RST_STREAM.</summary>
internal sealed class Http2Caller : Caller
{
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None });
    private readonly CancellationTokenSource _leaving = new();
    private readonly Uri _address;
    private Task<HttpResponseMessage> _sending = null!;
    private HttpResponseMessage _answer = null!;
    private PartContent _content = null!;
    private Stream _body = Stream.Null;

    public Http2Caller(Uri address) => _address = address;

    public override async Task SendAsync(string path, byte[] body, int? sent = null, params (string Name, string Value)[] headers)
    {
        var content = new PartContent(body, sent ?? body.Length);
        content.Headers.ContentType = new("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_address, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        _content = content;
        _sending = _client.SendAsync(request, _leaving.Token);
        if (sent is not null)
        {
            await content.Sent.Soon();
        }
    }

    public override Task SendRestAsync()
    {
        _content.GoOn();
        return Task.CompletedTask;
    }

    public override async Task HeadAsync()
    {
        _answer = await _sending.Soon();
        Status = (int)_answer.StatusCode;
        _body = await _answer.Content.ReadAsStreamAsync();
    }

    public override string? Header(string name) =>
        _answer.Headers.NonValidated.TryGetValues(name, out var values) || _answer.Content.Headers.NonValidated.TryGetValues(name, out values) ? values.ToString() : null;

    public override async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        await _body.ReadExactlyAsync(bytes).AsTask().Soon();
        return bytes;
    }

    public override async Task<Ending> EndAsync()
    {
        var bytes = new MemoryStream();
        try
        {
            await _body.CopyToAsync(bytes).Soon();
            return new Ending(true, bytes.ToArray());
        }
        catch (Exception cut) when (IsCut(cut))
        {
            return new Ending(false, bytes.ToArray());
        }
    }

    public override async Task LeaveAsync()
    {
        await _leaving.CancelAsync();
        await _body.DisposeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        await ((Task)_sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        _leaving.Dispose();
    }

    private sealed class PartContent(byte[] body, int count) : HttpContent
    {
        private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly TaskCompletionSource _rest = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Sent => _sent.Task;

        public void GoOn() => _rest.TrySetResult();

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(body.AsMemory(0, count), cancellationToken);
            await stream.FlushAsync(cancellationToken);
            _sent.SetResult();
            if (count < body.Length)
            {
                await _rest.Task.WaitAsync(cancellationToken);
                await stream.WriteAsync(body.AsMemory(count), cancellationToken);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = body.Length;
            return true;
        }
    }
}
