namespace BlazeGateway.Policies.Pipeline.Connections;

/// <summary>
/// The connections of one cluster, as the invoker that YARP keeps for it. What is behind can be swapped at any time:
/// requests that began keep their generation, later ones take the new.
/// </summary>
public sealed class ClusterConnections : HttpMessageInvoker
{
    private ConnectionGeneration _current;

    internal ClusterConnections(HttpMessageHandler handler)
        : base(RefusingHandler.Instance, disposeHandler: false)
    {
        _current = new ConnectionGeneration(handler);
    }

    /// <summary>Puts <paramref name="handler"/> in the place of the current one, which is disposed when its last request ends.</summary>
    internal void Swap(HttpMessageHandler handler) => Interlocked.Exchange(ref _current, new ConnectionGeneration(handler)).Release();

    /// <summary>The current generation, held for the caller, who releases it once.</summary>
    internal ConnectionGeneration Hold()
    {
        while (true)
        {
            var current = Volatile.Read(ref _current);
            if (current.TryHold())
            {
                return current;
            }
        }
    }

    /// <summary>For callers outside the pipeline (probes, model lists): holds the generation until the answer's headers are here.</summary>
    public override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var generation = Hold();
        try
        {
            return await generation.Invoker.SendAsync(request, cancellationToken);
        }
        finally
        {
            generation.Release();
        }
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Swap(RefusingHandler.Instance);
        }

        base.Dispose(disposing);
    }

    private sealed class RefusingHandler : HttpMessageHandler
    {
        public static readonly RefusingHandler Instance = new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromException<HttpResponseMessage>(new ObjectDisposedException(nameof(ClusterConnections)));
    }
}
