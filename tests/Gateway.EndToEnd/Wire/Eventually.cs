namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Waits for what another thread or process does. Looks are counted, not seconds: a machine that stands still for a while misses none.</summary>
internal static class Eventually
{
    private const int Looks = 6000;

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => Task.FromResult(condition()), what);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var look = 0; !await condition(); look++)
        {
            Assert.True(look < Looks, $"it did not happen: {what}");
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
