using BlazeGateway.Policies.Destinations.Prefix;
using BlazeGateway.Policies.LoadBalancing.Selection;

namespace BlazeGateway.Policies.Tests.Destinations.Prefix;

public sealed class PrefixMemoryTests(ITestOutputHelper output)
{
    [Fact]
    public void What_was_sent_is_expected_as_far_as_it_is_the_same()
    {
        PrefixMemory[] memories = [new(), new(), new()];
        var prompt = Chain(1, 100);
        Assert.Equal(0, memories[0].Match(prompt));
        Assert.Equal((0, 0L), (memories[0].Send(prompt).Expected, memories[1].Bytes));
        memories[1].Send(prompt.AsSpan(0, 1));
        foreach (var shared in new[] { 0, 1, 2, 37, 99, 100 })
        {
            Assert.Equal(shared, memories[0].Match([.. prompt[..shared], .. Chain(2, 30)]));
            Assert.Equal(shared, memories[0].Match(prompt.AsSpan(0, shared)));
            Assert.All(Enumerable.Range(0, 132), guess => Assert.Equal(shared, memories[0].Match([.. prompt[..shared], .. Chain(2, 30)], guess)));
        }

        var blocks = new int[3];
        PrefixMemory.Match(memories, prompt, blocks);
        Assert.Equal([100, 1, 0], blocks);
        Assert.Equal(100, memories[0].Send(prompt).Expected);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(256, 256)]
    [InlineData(257, 256)]
    public void No_more_blocks_than_a_fingerprint_has(int sent, int kept)
    {
        var memory = new PrefixMemory();
        memory.Send(Chain(1, sent));
        Assert.Equal((kept, kept), (memory.Count(), memory.Match(Chain(1, sent))));
        memory.Answered(default, 10, 40, 10);
    }

    [Fact]
    public void Nothing_is_there_after_a_restart_and_nothing_is_known_of_another_server()
    {
        var memory = new PrefixMemory(size: 1_000);
        var forecast = memory.Send(Chain(1, 100));
        memory.Answered(forecast, 1_600, 4_800, 0);
        memory.Restarted();
        Assert.Equal((0, 1), (memory.Match(Chain(1, 100)), memory.Restarts));
        Assert.Equal(0, memory.Send(Chain(1, 100)).Expected);
        Assert.Equal(100, memory.Match(Chain(1, 100)));
        Assert.Equal(1.0 / 3, memory.TokensPerByte, 6);
        memory.Forget();
        Assert.Equal((0, 0.25, 0L), (memory.Match(Chain(1, 100)), memory.TokensPerByte, memory.Bytes));
    }

    [Theory]
    [InlineData(CacheEstimate.RestartMisses - 1, false)]
    [InlineData(CacheEstimate.RestartMisses, true)]
    public void Answers_without_what_was_sent_before_mean_a_restart(int misses, bool restarted)
    {
        var memory = new PrefixMemory(size: 10_000);
        for (var i = 0; i < 20; i++)
        {
            Ask(memory, i, cached: 0);
        }

        for (var i = 0; i < misses; i++)
        {
            Ask(memory, i, cached: 0);
        }

        Assert.Equal(restarted ? 1 : 0, memory.Restarts);
        Assert.Equal(restarted ? 0 : 100, memory.Match(Chain(15, 100)));

        // The first of the answers that showed it were computed by the new one.
        Assert.Equal(100, memory.Match(Chain(0, 100)));
    }

    [Fact]
    public void A_miss_says_nothing_while_those_before_are_not_answered()
    {
        var memory = new PrefixMemory(size: 10_000);
        PrefixForecast[] forecasts = [.. Enumerable.Range(0, 10).Select(_ => memory.Send(Chain(1, 100)))];
        foreach (var forecast in forecasts)
        {
            memory.Answered(forecast, 1_600, 6_400, 0);
        }

        Assert.Equal((10_000, 0), (memory.Size, memory.Restarts));
    }

    [Theory]
    [InlineData(16, 1_584)]
    [InlineData(64, 1_536)]
    public void Tokens_come_in_the_blocks_that_the_server_counts_in(int grain, int whole)
    {
        var memory = new PrefixMemory();
        Assert.Equal(0, memory.TokensOf(10, 640));
        for (var i = 1; i <= 5; i++)
        {
            memory.Answered(memory.Send(Chain(i, 100)), 1_600, 6_400, i * grain);
        }

        Assert.Equal((0, whole), (memory.TokensOf(0, 6_400), memory.TokensOf(100, 6_400)));
        Assert.Equal(800 / grain * grain, memory.TokensOf(50, 6_400));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_cache_of_the_size_thought_is_followed_block_by_block(int seed)
    {
        var random = new Random(seed);
        var (memory, cache) = (new PrefixMemory(room: 40_000, size: 4_000, learns: false), new ServerCache(4_000));
        var (off, sum) = (0, 0);
        for (var i = 0; i < 3_000; i++)
        {
            // Few are asked often, many seldom, and each grows.
            var chain = Chain(1 + (int)(200 * Math.Pow(random.NextDouble(), 2)), 20 + (i / 40) + random.Next(10));
            var there = cache.Cached(chain);
            (off, sum) = (off + Math.Abs(memory.Match(chain) - there), sum + there);
            cache.Use(chain);
            memory.Send(chain);
        }

        output.WriteLine($"{(double)off / sum:0.00%} of {sum} blocks");
        Assert.InRange((double)off / sum, 0, 0.02);
    }

    [Fact]
    public void A_million_blocks_take_at_most_40_bytes_each_and_no_more_are_kept()
    {
        const int Room = PrefixMemory.DefaultClusterRoom;
        var memory = new PrefixMemory(Room, size: Room / 2);
        for (var i = 1; i <= 6_000; i++)
        {
            memory.Send(Chain(i, 256));
            if (i is 40 or 400 or 4_000)
            {
                Assert.InRange((double)memory.Bytes / memory.Count(), 8, 40);
            }
        }

        output.WriteLine($"{memory.Count()} blocks of {Room}, {(double)memory.Bytes / memory.Count():0.0} bytes each");
        Assert.InRange(memory.Count(), 0.85 * Room, Room);
        Assert.InRange(memory.Bytes, 8L * memory.Count(), 10L * Room);
    }

    [Theory]
    [InlineData(1, PrefixMemory.DefaultRoom)]
    [InlineData(8, PrefixMemory.DefaultRoom)]
    [InlineData(9, 111_111)]
    [InlineData(64, 15_625)]
    [InlineData(10_000, 100)]
    public void Destinations_share_the_room_of_their_cluster(int destinations, int room)
    {
        Assert.Equal(room, PrefixMemory.RoomOf(destinations));
        var memory = new PrefixMemory(room);
        for (var i = 1; i <= 600; i++)
        {
            memory.Send(Chain(i, 256));
        }

        Assert.InRange(memory.Count(), Math.Min(room, 600 * 256) / 3, room);
        Assert.InRange((double)memory.Bytes / memory.Count(), 8, 40);
    }

    [Fact]
    public void Less_room_keeps_the_newest()
    {
        var memory = new PrefixMemory(room: 20_000, size: 20_000);
        for (var i = 1; i <= 100; i++)
        {
            memory.Send(Chain(i, 100));
        }

        Assert.Equal(100, memory.Match(Chain(1, 100)));
        memory.Room = 4_096;
        Assert.InRange(memory.Count(), 3_000, 4_096);
        Assert.Equal(0, memory.Match(Chain(1, 100)));
        Assert.Equal(100, memory.Match(Chain(100, 100)));
        memory.Room = 1;
        Assert.Equal(PrefixTable.LeastSlots, memory.Room);
        Assert.InRange(memory.Count(), 1, PrefixTable.LeastSlots);
    }

    [Fact]
    public void Random_prompts_of_one_client_push_out_only_what_is_not_asked_meanwhile()
    {
        var memory = new PrefixMemory(room: 8_000, size: 4_000);
        var (busy, idle) = (Chain(1, 100), Chain(2, 100));
        memory.Send(idle);
        for (var i = 0; i < 2_000; i++)
        {
            memory.Send(Chain(1_000 + i, 256));
            memory.Send(busy);
        }

        // As on the server itself, which computed the random ones.
        Assert.InRange(memory.Match(busy), 95, 100);
        Assert.Equal(0, memory.Match(idle));
        Assert.InRange(memory.Bytes, 0, 8_000 * 10);
    }

    [Fact]
    public void Asking_sending_and_answering_allocate_nothing()
    {
        var memory = new PrefixMemory(room: 2_048, size: 1_024);
        ulong[][] chains = [.. Enumerable.Range(1, 50).Select(i => Chain(i, 128))];
        PrefixMemory[] memories = [memory];
        var blocks = new int[1];
        Assert.Equal(0, Enumerable.Range(0, 4).Select(_ => Round()).ToArray()[1..].Min());

        long Round()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var chain in chains)
            {
                PrefixMemory.Match(memories, chain, blocks);
                memory.Answered(memory.Send(chain), 2_048, 8_192, memory.TokensOf(blocks[0], 8_192));
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void Eight_threads_at_once_lose_little_and_break_nothing()
    {
        var memory = new PrefixMemory(room: 16_384, size: 4_096);
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, thread =>
        {
            var random = new Random(thread);
            for (var i = 0; i < 2_000; i++)
            {
                ulong[] chain = [.. Chain(1, 20), .. Chain(random.Next(2, 200), 1 + random.Next(100))];
                var expected = memory.Match(chain);
                Assert.InRange(expected, 0, chain.Length);
                var forecast = memory.Send(chain);
                Assert.InRange(forecast.Expected, 0, chain.Length);
                memory.Answered(forecast, chain.Length * 16, chain.Length * 64L, random.Next(10) == 0 ? 0 : forecast.Expected * 16);
                if (thread == 0 && i % 500 == 499)
                {
                    memory.Restarted();
                    memory.Room = memory.Room == 16_384 ? 2_048 : 16_384;
                }
            }
        });

        // No longer than the least size that may have been learned.
        memory.Send(Chain(7, CacheEstimate.MinBlocks));
        Assert.InRange(memory.Match(Chain(7, CacheEstimate.MinBlocks)), 1, CacheEstimate.MinBlocks);
        Assert.InRange(memory.Count(), 100, 16_384);
        Assert.InRange(memory.Size, CacheEstimate.MinBlocks, 16_384);
    }

    /// <summary>Chains of different names share nothing, those of one name begin alike.</summary>
    internal static ulong[] Chain(int name, int length) =>
        [.. Enumerable.Range(1, length).Select(i => PlacementHash.Mix((ulong)i ^ PlacementHash.Mix((ulong)name)))];

    private static void Ask(PrefixMemory memory, int name, int cached) => memory.Answered(memory.Send(Chain(name, 100)), 1_600, 6_400, cached);

    /// <summary>A prompt with a picture is megabytes and few tokens, one with the address of a picture few bytes and many tokens: neither says what text is.</summary>
    [Theory]
    [InlineData(900, 1_400_000)]
    [InlineData(6_000, 300)]
    public void What_is_no_text_says_nothing_of_the_size_of_tokens(int tokens, int bytes)
    {
        var memory = new PrefixMemory();
        memory.Answered(memory.Send(Chain(1, 64)), 1_024, 4_096, 0);
        for (var i = 0; i < 100; i++)
        {
            memory.Answered(memory.Send(Chain(2 + i, 4)), tokens, bytes, 0);
        }

        Assert.Equal(0.25, memory.TokensPerByte, 6);
        Assert.InRange(memory.TokensOf(64, 4_096), 1_000, 1_024);
    }

    /// <summary>The first prompt is all there is to go by; after it no single one, however long, decides.</summary>
    [Fact]
    public void One_long_prompt_changes_half_of_it_at_most()
    {
        var memory = new PrefixMemory();
        memory.Answered(memory.Send(Chain(1, 62)), 1_000, 4_000, 0);
        memory.Answered(memory.Send(Chain(2, 256)), 200_000, 2_000_000, 0);
        Assert.Equal((0.25 + 0.1) / 2, memory.TokensPerByte, 6);
    }
}
