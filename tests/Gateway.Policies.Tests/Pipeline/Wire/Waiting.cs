namespace BlazeGateway.Policies.Tests.Pipeline.Wire;

/// <summary>Waits for what must happen, with a cap so generous that only what never happens reaches it.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(2);

    public static Task Soon(this Task task) => task.WaitAsync(Patience);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Patience);

    /// <summary>Waits until <paramref name="condition"/> holds; fails with <paramref name="state"/> when it does not.</summary>
    public static async Task UntilAsync(Func<bool> condition, Func<string> state)
    {
        // Looks are counted, not seconds: a machine that stands still for a while misses none.
        for (var look = 0; !condition(); look++)
        {
            if (look >= 15_000)
            {
                Assert.Fail(state());
            }

            await Task.Delay(Step, TimeProvider.System);
        }
    }
}
