namespace BlazeGateway.EndToEnd.Health;

/// <summary>Waits for what must come true; the cap is generous, since the machine may be busy.</summary>
internal static class Eventually
{
    // Looks are counted, not seconds: a machine that stands still for a while misses none.
    private const int Looks = 12_000;

    public static Task TrueAsync(Func<bool> condition) => TrueAsync(() => Task.FromResult(condition()));

    public static async Task TrueAsync(Func<Task<bool>> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (var look = 0; !await condition(); look++)
        {
            Assert.True(look < Looks, $"the condition did not come true in {Looks} looks");
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
