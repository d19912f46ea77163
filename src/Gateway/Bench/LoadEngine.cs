namespace BlazeGateway.Bench;

/// <summary>The one load generator: HTTP/1.1 over plain sockets, open or closed loop, aware of inference streams.</summary>
internal static class LoadEngine
{
    /// <summary>
    /// Runs <paramref name="options"/> to their end. When <paramref name="requests"/> are given they are sent in turn in place of those
    /// <see cref="RequestOptions"/> describe: whole HTTP/1.1 requests, head and body.
    /// </summary>
    /// <exception cref="LoadRefusedException">An option is out of its range, or the target is not allowed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; every connection is closed.</exception>
    public static async Task<LoadResult> RunAsync(
        LoadOptions options, TimeProvider time, byte[][]? requests = null, CancellationToken cancellation = default)
    {
        var errors = LoadLimits.Check(options);
        if (errors.Count > 0)
        {
            throw new LoadRefusedException(string.Join(Environment.NewLine, errors));
        }

        var target = await LoadTarget.ResolveAsync(options.Request.Url, options.AllowRemote, cancellation);
        requests ??= RequestEncoder.Encode(options.Request, options.Seed);
        var done = new TaskCompletionSource<LoadResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Complete(done, () => Run(options, target, requests, time, cancellation)))
        {
            IsBackground = true,
            Name = "load pacer",
        };
        thread.Start();
        return await done.Task;
    }

    private static LoadResult Run(
        LoadOptions options, System.Net.IPEndPoint target, byte[][] requests, TimeProvider time, CancellationToken cancellation)
    {
        var cpu = LoaderProcess.CpuTime;
        using var run = new LoadRun(options, target, requests, time);
        run.Run(cancellation);
        return run.Recorder.Complete(options, (LoaderProcess.CpuTime - cpu).TotalSeconds, LoaderProcess.Cores, options.IsOpenLoop);
    }

    private static void Complete(TaskCompletionSource<LoadResult> done, Func<LoadResult> run)
    {
        try
        {
            done.SetResult(run());
        }
        catch (OperationCanceledException cancelled)
        {
            done.SetCanceled(cancelled.CancellationToken);
        }
        catch (Exception error)
        {
            done.SetException(error);
        }
    }
}
