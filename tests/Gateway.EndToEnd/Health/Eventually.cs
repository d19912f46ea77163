namespace BlazeGateway.EndToEnd.Health;

/// <summary>Waits for what must come true; the cap is generous, since the machine may be busy.</summary>
internal static class Eventually
{
    public static Task TrueAsync(Func<bool> condition) => TrueAsync(() => Task.FromResult(condition()));

    public static async Task TrueAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!await condition())
        {
            Assert.False(patience.IsCancellationRequested, "the condition did not come true within 120 s");
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
