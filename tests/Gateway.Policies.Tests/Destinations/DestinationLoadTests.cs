using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Tests.Destinations;

public class DestinationLoadTests
{
    private static (int, long, long) Counts(DestinationLoad load) => (load.InFlight, load.PrefillTokens, load.OutputTokens);

    [Fact]
    public void A_place_is_given_back_once_whatever_is_called_how_often()
    {
        var load = new DestinationLoad("d");
        var place = new HeldPlace();
        place.Prefilled(default);
        place.Release(default);
        Assert.Equal((0, 0, 0), Counts(load));
        place.Take(load, new RequestWork(100, 20), default);
        Assert.Equal((1, 100, 20), Counts(load));
        place.Prefilled(default);
        place.Prefilled(default);
        Assert.Equal((1, 0, 20), Counts(load));
        place.Release(default);
        place.Release(default);
        Assert.Equal((0, 0, 0), Counts(load));
        Assert.False(place.IsHeld);
    }

    [Theory]
    [InlineData(4.9, 1000)]
    [InlineData(5, 1005)]
    [InlineData(5.1, 1005.1)]
    public void The_last_byte_is_stamped_when_it_moved_on_enough(double later, double stamp)
    {
        var load = new DestinationLoad("d");
        Assert.Equal(TimeSpan.Zero, load.LastByte);
        load.Came(TimeSpan.FromMilliseconds(1000));
        load.Came(TimeSpan.FromMilliseconds(1000 + later));
        Assert.Equal(stamp, load.LastByte.TotalMilliseconds, 6);
    }

    [Fact]
    public void A_byte_and_a_first_chunk_allocate_nothing()
    {
        var load = new DestinationLoad("d");
        var place = new HeldPlace();
        var least = long.MaxValue;
        for (var round = 0; round < 4; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                place.Take(load, new RequestWork(100, 20) { IsStreamed = true }, TimeSpan.FromMilliseconds(i));
                place.Came(TimeSpan.FromMilliseconds(i + 3));
                place.Prefilled(TimeSpan.FromMilliseconds(i + 3));
                place.Came(TimeSpan.FromMilliseconds(i + 9));
                place.Release(TimeSpan.FromMilliseconds(i + 9));
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Theory]
    [InlineData(999, 0.01)]
    [InlineData(1000, 0.004)]
    [InlineData(1001, 0.004)]
    public void The_time_of_a_prompt_token_is_learned_once_enough_were_computed(int tokens, double seconds)
    {
        var load = new DestinationLoad("d");
        Assert.Equal(0.01, load.SecondsPerToken);
        load.Computed(tokens, TimeSpan.FromSeconds(tokens * 0.004));
        Assert.Equal(seconds, load.SecondsPerToken, 9);
        load.Reserve(new RequestWork(500, 1), default);
        Assert.Equal(500 * seconds, load.PromptsTake.TotalSeconds, 6);
        load.Computed(1_000_000, TimeSpan.FromSeconds(1));
        Assert.Equal(0.0005, load.SecondsPerToken);
        load.Forget();
        Assert.Equal(0.01, load.SecondsPerToken);
    }

    [Fact]
    public void A_request_that_ends_before_its_first_chunk_teaches_no_rate()
    {
        var load = new DestinationLoad("d");
        var place = new HeldPlace();
        place.Take(load, new RequestWork(5000, 20) { IsStreamed = true }, default);
        place.Release(TimeSpan.FromSeconds(1));
        Assert.Equal(0.01, load.SecondsPerToken);
        place.Take(load, new RequestWork(5000, 20) { IsStreamed = true }, default);
        place.Prefilled(TimeSpan.FromSeconds(10));
        place.Release(TimeSpan.FromSeconds(11));
        Assert.Equal(0.002, load.SecondsPerToken, 9);
    }

    [Fact]
    public void Another_place_takes_the_place_of_the_first()
    {
        var (first, second) = (new DestinationLoad("a"), new DestinationLoad("b"));
        var place = new HeldPlace();
        place.Take(first, new RequestWork(100, 20), default);
        place.Take(second, new RequestWork(7, 3), default);
        Assert.Equal((0, 0, 0), Counts(first));
        Assert.Equal((1, 7, 3), Counts(second));
        place.Release(default);
        Assert.Equal((0, 0, 0), Counts(second));
    }

    [Theory]
    [InlineData(99, true)]
    [InlineData(100, false)]
    [InlineData(101, false)]
    public void There_is_room_below_the_most_tokens(int tokens, bool hasRoom)
    {
        var load = new DestinationLoad("d") { MaxTokens = 100 };
        load.Reserve(new RequestWork(tokens - 10, 10), default);
        Assert.Equal((hasRoom, hasRoom), (load.HasRoom, load.IsOpen));
        load.Prefilled(new RequestWork(tokens - 10, 10), default);
        Assert.True(load.HasRoom);
    }

    [Fact]
    public void Of_answers_that_are_no_streams_nothing_is_awaited_before_their_end()
    {
        var load = new DestinationLoad("d");
        var (document, stream) = (new HeldPlace(), new HeldPlace());
        document.Take(load, new RequestWork(1000, 10), TimeSpan.FromSeconds(1));
        Assert.Equal(0, load.SilentFor(TimeSpan.FromSeconds(60)));
        stream.Take(load, new RequestWork(1000, 10) { IsStreamed = true }, TimeSpan.FromSeconds(10));
        Assert.Equal(50, load.SilentFor(TimeSpan.FromSeconds(60)));
        stream.Prefilled(TimeSpan.FromSeconds(60));
        Assert.Equal((0, 1000L), (load.SilentFor(TimeSpan.FromSeconds(90)), load.PrefillTokens));
        stream.Release(default);
        document.Release(default);
        Assert.Equal((0, 0, 0), Counts(load));
    }

    [Fact]
    public void An_empty_destination_takes_a_request_of_any_length()
    {
        var load = new DestinationLoad("d") { MaxTokens = 1 };
        Assert.True(load.HasRoom);
        load.Reserve(new RequestWork(1_000_000, 1), default);
        Assert.False(load.HasRoom);
    }

    [Fact]
    public void The_most_in_flight_is_exact_however_many_ask_at_once()
    {
        var load = new DestinationLoad("d") { MaxInFlight = 3 };
        var (over, taken) = (0, 0);
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                var place = new HeldPlace();
                if (place.TryTake(load, new RequestWork(1, 1), default))
                {
                    if (Interlocked.Increment(ref taken) > 3)
                    {
                        Interlocked.Increment(ref over);
                    }

                    Interlocked.Decrement(ref taken);
                    place.Release(default);
                }
            }
        });
        Assert.Equal(0, over);
        Assert.Equal((0, 0, 0), Counts(load));
    }

    [Fact]
    public void Eight_threads_leave_nothing_behind()
    {
        var load = new DestinationLoad("d");
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                var place = new HeldPlace();
                place.Take(load, new RequestWork(thread + i, i), default);
                if (i % 3 > 0)
                {
                    place.Prefilled(default);
                }

                place.Release(default);
            }
        });
        Assert.Equal((0, 0, 0), Counts(load));
    }
}
