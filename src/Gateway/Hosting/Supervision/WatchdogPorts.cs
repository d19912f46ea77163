namespace BlazeGateway.Hosting.Supervision;

/// <summary>What the watchdog asks of the process.</summary>
internal sealed record WatchdogPorts
{
    /// <summary>Gives the thread pool something to do.</summary>
    public Action<Action> Post { get; init; } = static work => ThreadPool.UnsafeQueueUserWorkItem(static state => state(), work, preferLocal: false);

    /// <summary>Threads of the pool.</summary>
    public Func<int> Threads { get; init; } = static () => ThreadPool.ThreadCount;

    /// <summary>Work items that wait for one.</summary>
    public Func<long> Waiting { get; init; } = static () => ThreadPool.PendingWorkItemCount;

    /// <summary>Ends the process with a code, without waiting for anything.</summary>
    public Action<int> Exit { get; init; } = static code => Environment.Exit(code);
}
