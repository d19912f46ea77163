using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>
/// One request as the gateway's server would hand it on, and what its client gets: begun with the first byte, aborted or not, whole or not. No socket and no
/// thread, so that everything the gateway does for it happens in simulated time.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Sources without timers or handles, and streams in memory, hold nothing to dispose of.")]
internal sealed class SimulatedExchange : IHttpResponseFeature, IHttpResponseBodyFeature, IHttpRequestLifetimeFeature, IHttpRequestBodyDetectionFeature
{
    private readonly CancellationTokenSource _aborted = new();
    private readonly MemoryStream _received = new();

    public SimulatedExchange(string id, SimulatedRequest request)
    {
        Id = id;
        Stream = new Written(this);
        Body = Stream;
        CanHaveBody = request.Body is not null;
        var features = new FeatureCollection();
        var incoming = new HttpRequestFeature
        {
            Method = request.Method,
            Path = request.Path,
            RawTarget = request.Path,
            Protocol = "HTTP/1.1",
            Scheme = "http",
            Body = request.Body is { } body ? new MemoryStream(Encoding.UTF8.GetBytes(body)) : System.IO.Stream.Null,
        };
        incoming.Headers.Host = "gateway";
        incoming.Headers["X-Request-Id"] = id;
        if (request.Body is { } text)
        {
            incoming.Headers.ContentType = "application/json";
            incoming.Headers.ContentLength = Encoding.UTF8.GetByteCount(text);
        }

        features.Set<IHttpRequestFeature>(incoming);
        features.Set<IHttpResponseFeature>(this);
        features.Set<IHttpResponseBodyFeature>(this);
        features.Set<IHttpRequestLifetimeFeature>(this);
        features.Set<IHttpRequestBodyDetectionFeature>(this);
        Http = new DefaultHttpContext(features);
        Http.Connection.RemoteIpAddress = new IPAddress([10, 0, 0, (byte)request.Client]);
    }

    public string Id { get; }

    public DefaultHttpContext Http { get; }

    /// <summary>The client left.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>The gateway cut the connection, or let its pipeline end in an exception, which cuts it too.</summary>
    public bool WasCut { get; set; }

    /// <summary>What the client has received.</summary>
    public string Text => Encoding.UTF8.GetString(_received.GetBuffer(), 0, (int)_received.Length);

    public int StatusCode { get; set; } = 200;

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    public Stream Body { get; set; }

    public bool HasStarted { get; private set; }

    public Stream Stream { get; }

    public System.IO.Pipelines.PipeWriter Writer => throw new NotSupportedException("Answers are written to the stream.");

    public CancellationToken RequestAborted
    {
        get => _aborted.Token;
        set => throw new NotSupportedException("The client alone leaves.");
    }

    public bool CanHaveBody { get; }

    /// <summary>The client goes away.</summary>
    public void Leave()
    {
        HasLeft = true;
        _aborted.Cancel();
    }

    public void Abort()
    {
        WasCut = true;
        _aborted.Cancel();
    }

    public void OnStarting(Func<object, Task> callback, object state) => throw new NotSupportedException("Nobody asks for it.");

    public void OnCompleted(Func<object, Task> callback, object state)
    {
    }

    public void DisableBuffering()
    {
    }

    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        HasStarted = true;
        return Task.CompletedTask;
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException("No answer is a file.");

    public Task CompleteAsync() => StartAsync();

    /// <summary>Takes what is written as a client that reads at once.</summary>
    private sealed class Written(SimulatedExchange exchange) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => exchange.HasStarted = true;

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            exchange.HasStarted = true;
            return Task.CompletedTask;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            exchange.HasStarted = true;
            if (!exchange.HasLeft)
            {
                exchange._received.Write(buffer.Span);
            }

            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>What a client asks.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">Path.</param>
/// <param name="Body">JSON; null for none.</param>
/// <param name="Client">Number of the client, 0 to 255.</param>
internal sealed record SimulatedRequest(string Method, string Path, string? Body, int Client)
{
    /// <summary>A chat completion.</summary>
    public static SimulatedRequest Chat(string text, bool stream, int client = 1) => new(
        "POST",
        "/v1/chat/completions",
        $$"""{"model":"m","max_tokens":32,{{(stream ? "\"stream\":true," : "")}}"messages":[{"role":"user","content":"{{text}}"}]}""",
        client);
}
