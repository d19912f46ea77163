namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Sockets' threads run requests themselves; something that blocks on the operators' listener may not take one of them along.</summary>
public sealed class BlockingTests
{
    private const int Blocked = 8;
    private const int Clients = 16;

    /// <summary>A pipe in place of routes.json blocks whoever opens it, as a file system that hangs does.</summary>
    [Fact]
    public async Task Operators_requests_that_block_do_not_stop_clients()
    {
        await using var destination = new RecordingDestination();
        await using var process = await LimitedProcess.StartAsync(destination.Address);
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => RawConnection.OpenAsync(process.Blaze.Proxy)));
        await Task.WhenAll(clients.Select(AskAsync));
        File.Delete(process.Routes);
        Assert.Equal(0, (await Programs.RunAsync("mkfifo", process.Routes)).ExitCode);
        using var ending = new CancellationTokenSource();
        var reloads = Enumerable.Range(0, Blocked).Select(_ => process.PostAdminAsync("/api/v1/config/reload", ending.Token)).ToList();
        await Eventually.TrueAsync(async () => await process.MetricAsync("blaze_connections", "admin") > Blocked, "the requests have arrived");

        for (var i = 0; i < 20; i++)
        {
            await Task.WhenAll(clients.Select(AskAsync));

            // Operators are still answered. What /livez says depends on how long the pool took to find further threads, which the watchdog tells.
            Assert.True(await process.MetricAsync("blaze_connections", "admin") > Blocked);
        }

        Assert.DoesNotContain(reloads, reload => reload.IsCompleted);
        process.Blaze.Kill();
        await Eventually.TrueAsync(() => reloads.TrueForAll(reload => reload.IsFaulted), "they end with the process");
        Array.ForEach(clients, client => client.Dispose());
    }

    private static async Task AskAsync(RawConnection client)
    {
        await client.SendAsync(WireCase.Ask());
        Assert.Equal(200, (await client.ReadAnswerAsync())?.Status);
    }
}
