using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>A destination that answers when the test says so, and remembers what came.</summary>
internal sealed class HeldDestination : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly WebApplication _app;
    private readonly SemaphoreSlim _arrived = new(0);
    private volatile TaskCompletionSource _gate = Closed();

    private HeldDestination(WebApplication app) => _app = app;

    public string Address => _app.Urls.Single();

    /// <summary>Headers of every request, in the order they came.</summary>
    public ConcurrentQueue<Dictionary<string, string>> Seen { get; } = [];

    /// <summary>Whether connections are broken instead of answered.</summary>
    public bool Breaks { get; set; }

    public static async Task<HeldDestination> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var destination = new HeldDestination(app);
        app.Run(destination.AnswerAsync);
        await app.StartAsync();
        return destination;
    }

    /// <summary>Waits until that many more requests have come.</summary>
    public async Task ArrivedAsync(int requests)
    {
        for (var i = 0; i < requests; i++)
        {
            Assert.True(await _arrived.WaitAsync(Patience), $"Only {i} of {requests} requests came.");
        }
    }

    /// <summary>Lets those inside go, and everyone who comes later.</summary>
    public void Open() => _gate.TrySetResult();

    /// <summary>Holds everyone who comes from now on.</summary>
    public void Close() => _gate = Closed();

    public async ValueTask DisposeAsync()
    {
        Open();
        await _app.DisposeAsync();
        _arrived.Dispose();
    }

    private static TaskCompletionSource Closed() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task AnswerAsync(HttpContext http)
    {
        Seen.Enqueue(http.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase));
        try
        {
            var gate = _gate;
            _arrived.Release();
            await gate.Task.WaitAsync(http.RequestAborted);
            if (Breaks)
            {
                http.Abort();
                return;
            }

            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync("""{"ok":true}""");
        }
        catch (OperationCanceledException)
        {
            http.Abort();
        }
    }
}
