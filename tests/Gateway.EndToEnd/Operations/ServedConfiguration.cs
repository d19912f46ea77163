using System.Text.Json.Nodes;

namespace BlazeGateway.EndToEnd.Operations;

/// <summary>What <c>/api/v1/config</c> says of the configuration being served.</summary>
internal sealed record ServedConfiguration(int Version, bool LastReloadSucceeded, IReadOnlyList<string> Errors)
{
    public static async Task<ServedConfiguration> ReadAsync(HttpClient admin)
    {
        var answer = JsonNode.Parse(await admin.GetStringAsync("/api/v1/config"))!;
        return new ServedConfiguration(
            (int)answer["version"]!, (bool)answer["lastReloadSucceeded"]!, [.. answer["errors"]!.AsArray().Select(error => (string)error!)]);
    }

    /// <summary>Asks every 10 ms until <paramref name="condition"/> holds. Returns what was said then and how long it took.</summary>
    public static async Task<(ServedConfiguration Served, TimeSpan Took)> WaitAsync(HttpClient admin, Predicate<ServedConfiguration> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (true)
        {
            var served = await ReadAsync(admin);
            if (condition(served))
            {
                return (served, TimeProvider.System.GetElapsedTime(started));
            }

            try
            {
                await timer.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"The configuration never became what was waited for; version {served.Version} is served: {string.Join('\n', served.Errors)}");
            }
        }
    }
}
