namespace BlazeGateway.Policies.Pipeline.Connections;

/// <summary>
/// The connections of one cluster, as the invoker that YARP keeps for it. What is behind can be swapped at any time:
/// requests that began keep their generation, later ones take the new.
/// </summary>
public sealed class ClusterConnections : HttpMessageInvoker
{
    private ConnectionGeneration _current;
    private ConnectionGeneration? _questions;

    internal ClusterConnections(HttpMessageHandler handler, HttpMessageHandler? questions = null)
        : base(RefusingHandler.Instance, disposeHandler: false)
    {
        _current = new ConnectionGeneration(handler);
        _questions = questions is null ? null : new ConnectionGeneration(questions);
    }

    /// <summary>Puts <paramref name="handler"/> in the place of the current one, which is disposed when its last request ends.</summary>
    /// <param name="handler">Sends requests.</param>
    /// <param name="questions">Sends the gateway's own questions; null when <paramref name="handler"/> does that too.</param>
    internal void Swap(HttpMessageHandler handler, HttpMessageHandler? questions = null)
    {
        Interlocked.Exchange(ref _current, new ConnectionGeneration(handler)).Release();
        Interlocked.Exchange(ref _questions, questions is null ? null : new ConnectionGeneration(questions))?.Release();
    }

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
        var generation = HoldForQuestion();
        try
        {
            return await generation.Invoker.SendAsync(request, cancellationToken);
        }
        finally
        {
            generation.Release();
        }
    }

    private ConnectionGeneration HoldForQuestion()
    {
        while (Volatile.Read(ref _questions) is { } questions)
        {
            if (questions.TryHold())
            {
                return questions;
            }
        }

        return Hold();
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
