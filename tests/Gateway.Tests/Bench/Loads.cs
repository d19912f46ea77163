using BlazeGateway.Bench;

namespace BlazeGateway.Tests.Bench;

/// <summary>Loads the tests start from.</summary>
internal static class Loads
{
    public static LoadOptions Of(Uri url) => new()
    {
        Request = new RequestOptions { Url = url },
        Timeout = TimeSpan.FromSeconds(20),
    };

    public static LoadOptions Closed(Uri url, int concurrency, long requests) => Of(url) with { Concurrency = concurrency, Requests = requests };

    public static LoadOptions Streams(Uri url, long requests) => Closed(url, 1, requests) with
    {
        Request = new RequestOptions { Url = url, Model = "m", Stream = true },
    };

    public static Dictionary<string, long> Counts(params (string Name, long Count)[] counts) =>
        counts.ToDictionary(count => count.Name, count => count.Count, StringComparer.Ordinal);

    public static Task<LoadResult> RunAsync(LoadOptions options) =>
        LoadEngine.RunAsync(options, TimeProvider.System, cancellation: TestContext.Current.CancellationToken);
}
