namespace BlazeGateway.Benchmarks.Faults.Traffic;

/// <summary>Clients that send the next request when the one before has ended.</summary>
internal static class ClosedLoop
{
    /// <summary>Keeps <paramref name="clients"/> requests at <paramref name="url"/> until <paramref name="stop"/>; what is under way then is left.</summary>
    public static async Task RunAsync(Uri url, int clients, RequestMix mix, TimeProvider time, CancellationToken stop)
    {
        using var client = new AnswerClient(url, TimeSpan.FromSeconds(RetryingLoad.Patience), time);
        using var requests = mix.Draw().GetEnumerator();
        var gate = new Lock();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(RepeatAsync, CancellationToken.None)));

        DueRequest Next()
        {
            lock (gate)
            {
                requests.MoveNext();
                return requests.Current;
            }
        }

        async Task RepeatAsync()
        {
            while (!stop.IsCancellationRequested)
            {
                var one = Next();
                try
                {
                    await client.SendAsync(one.Bytes, one.IsStream, one.At, time.GetTimestamp(), stop);
                }
                catch (OperationCanceledException)
                {
                    // It has been long enough.
                }
            }
        }
    }
}
