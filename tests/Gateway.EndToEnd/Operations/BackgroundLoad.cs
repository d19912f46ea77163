using BlazeGateway.Bench;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>The product's load generator at a constant rate until told to stop. Nothing may fail while it runs.</summary>
internal sealed class BackgroundLoad : IAsyncDisposable
{
    private static readonly TimeSpan Stretch = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task<IReadOnlyList<LoadResult>> _results;

    private BackgroundLoad(LoadOptions options) => _results = Task.Run(() => RunAsync(options));

    public static BackgroundLoad Start(Uri proxy, string model, double rate) => new(new LoadOptions
    {
        Request = new RequestOptions { Url = proxy, Model = model, MaxTokens = 8 },
        Rate = rate,
        Poisson = false,
        Duration = Stretch,
        Connections = 64,
    });

    /// <summary>Ends the load and returns what it measured, one result for each second.</summary>
    public async Task<IReadOnlyList<LoadResult>> StopAsync()
    {
        await _stop.CancelAsync();
        return await _results;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task<IReadOnlyList<LoadResult>> RunAsync(LoadOptions options)
    {
        var results = new List<LoadResult>();
        while (!_stop.IsCancellationRequested)
        {
            results.Add(await LoadEngine.RunAsync(options, TimeProvider.System));
        }

        return results;
    }
}
