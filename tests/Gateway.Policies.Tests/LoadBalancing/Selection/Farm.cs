using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Tests.LoadBalancing.Selection;

/// <summary>Destinations, and what many picks among them come to.</summary>
internal static class Farm
{
    public delegate int Pick(ReadOnlySpan<DestinationLoad> destinations);

    public static DestinationLoad[] Of(params int[] weights) =>
        [.. weights.Select((weight, i) => new DestinationLoad("d" + i) { Weight = weight })];

    public static DestinationLoad[] Equal(int count) => Of([.. Enumerable.Repeat(1, count)]);

    public static void Close(this DestinationLoad destination) => destination.MaxInFlight = 0;

    public static void Reserve(this DestinationLoad destination, int times)
    {
        for (var i = 0; i < times; i++)
        {
            destination.Reserve();
        }
    }

    /// <summary>How often each is picked when nothing ever ends, or with <paramref name="atOnce"/> in flight at most: then the oldest ends before the next begins.</summary>
    public static int[] Count(DestinationLoad[] destinations, int picks, Pick pick, int atOnce = int.MaxValue)
    {
        var counts = new int[destinations.Length];
        var inFlight = new Queue<DestinationLoad>();
        for (var i = 0; i < picks; i++)
        {
            if (inFlight.Count == atOnce)
            {
                inFlight.Dequeue().Release();
            }

            var index = pick(destinations);
            counts[index]++;
            destinations[index].Reserve();
            inFlight.Enqueue(destinations[index]);
        }

        while (inFlight.TryDequeue(out var destination))
        {
            destination.Release();
        }

        return counts;
    }

    /// <summary>The same by eight threads, each with three in flight.</summary>
    public static int[] CountInParallel(DestinationLoad[] destinations, int picksEach, Pick pick)
    {
        var counts = new int[destinations.Length];
        using var together = new Barrier(8);
        var threads = Enumerable.Range(0, 8).Select(_ => new Thread(() =>
        {
            together.SignalAndWait();
            var its = Count(destinations, picksEach, pick, 3);
            for (var i = 0; i < its.Length; i++)
            {
                Interlocked.Add(ref counts[i], its[i]);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.All(destinations, destination => Assert.Equal(0, destination.InFlight));
        return counts;
    }

    /// <summary>Bytes that a thousand picks allocate, once everything is warm.</summary>
    public static long Allocated(DestinationLoad[] destinations, Pick pick)
    {
        for (var round = 0; ; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                destinations[pick(destinations)].Reserve();
            }

            if (round == 1)
            {
                return GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }
    }
}
