using System.Runtime.CompilerServices;

namespace BlazeGateway.Tests.Demo;

/// <summary>Waits for what another thread or process does. Looks are counted, not seconds: a machine that stands still for a while misses none.</summary>
internal static class Eventually
{
    private const int Looks = 6000;

    public static async Task TrueAsync(Func<bool> condition, Func<object>? seen = null, [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (var look = 0; !condition(); look++)
        {
            Assert.True(look < Looks, $"it did not come true: {what}; seen: {seen?.Invoke() ?? "nothing told"}");
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
