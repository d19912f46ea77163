using BlazeGateway.Bench;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.Benchmarks.Claims;

/// <summary>
/// Sends the requests of a workload over the loader of <c>blaze bench</c>, each at its time whether or not earlier ones were answered; every latency
/// counts from that time. Returns when all were answered or given up.
/// </summary>
internal static class TimedClient
{
    // More than a run has in flight at once: no request waits for a connection.
    private const int Connections = 4000;

    /// <param name="url">Where they go: a proxy, or a model server itself.</param>
    /// <param name="requests">The requests, in the order of their times.</param>
    /// <param name="salt">See <see cref="RequestWriter"/>.</param>
    /// <param name="timeout">A request is given up this long after its time; it has then failed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <exception cref="InvalidOperationException">The servers generated another number of tokens than was asked for.</exception>
    public static async Task<LoadResult> RunAsync(
        Uri url, IReadOnlyList<WorkloadRequest> requests, ulong salt, TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        var writer = new RequestWriter(url, salt);
        var options = new LoadOptions
        {
            Request = new RequestOptions { Url = url, Model = RealFleet.Model, Stream = true },
            Arrivals = requests.Select(request => TimeSpan.FromSeconds(request.At)),
            Requests = requests.Count,
            Connections = Connections,
            Timeout = timeout,
        };
        var result = await LoadEngine.RunAsync(options, time, [.. requests.Select(writer.Write)], cancellation);
        var asked = requests.Sum(request => (long)request.AnswerTokens);
        return result.Failed > 0 || result.ContentEvents == asked
            ? result
            : throw new InvalidOperationException($"The answers had {result.ContentEvents} tokens; {asked} were asked for: the load is not the workload's.");
    }
}
