using System.Buffers;
using BlazeGateway.Policies.Resilience;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Policies.Tests.Resilience;

public sealed class PoisonListTests
{
    private static readonly TimeSpan JustBefore = PoisonList.Length - TimeSpan.FromMilliseconds(1);
    private readonly FakeTimeProvider _time = new();
    private readonly PoisonList _list;

    public PoisonListTests() => _list = new(_time);

    [Fact]
    public void Two_different_destinations_make_a_request_suspicious()
    {
        Assert.True(_list.IsEmpty);
        Assert.False(Blame(1, "a"));
        Assert.False(Blame(1, "a"));
        Assert.False(_list.IsQuarantined(1));
        Assert.False(Blame(2, "b"));
        Assert.True(Blame(1, "b"));
        Assert.True(_list.IsQuarantined(1));
        Assert.False(_list.IsQuarantined(2));
        Assert.True(Blame(1, "b"));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(999, false)]
    [InlineData(1000, true)]
    public void Another_request_with_the_same_body_counts_when_it_was_sent_well_after(int milliseconds, bool counts)
    {
        Blame(1, "a");
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        var sent = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(counts, _list.Blame(1, "b", sent, isSame: false));
        Assert.Equal(counts, _list.IsQuarantined(1));
    }

    [Fact]
    public void It_is_forgotten_after_its_time()
    {
        Blame(1, "a");
        _time.Advance(JustBefore);
        Assert.True(Blame(1, "b"));
        _time.Advance(JustBefore);
        Assert.True(_list.IsQuarantined(1));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(_list.IsQuarantined(1));
        Assert.True(_list.IsEmpty);

        Blame(1, "a");
        _time.Advance(PoisonList.Length);
        Assert.False(Blame(1, "b"));
        _time.Advance(PoisonList.Length);
        Assert.False(_list.IsQuarantined(2));
        Assert.True(_list.IsEmpty);
    }

    [Fact]
    public void What_is_answered_is_forgotten()
    {
        Blame(1, "a");
        _list.Absolve(1);
        Assert.True(_list.IsEmpty);
        Assert.False(Blame(1, "b"));
    }

    [Fact]
    public void No_more_are_watched_than_there_is_room_for()
    {
        for (var i = 0; i < PoisonList.Capacity + 5; i++)
        {
            Blame((UInt128)(i + 1), "a");
        }

        Assert.True(Blame(PoisonList.Capacity, "b"));
        Assert.False(Blame(PoisonList.Capacity + 1, "b"));
    }

    [Fact]
    public void When_nobody_is_left_all_is_forgotten()
    {
        Blame(1, "a");
        Blame(1, "b");
        _list.Clear();
        Assert.True(_list.IsEmpty);
        Assert.False(_list.IsQuarantined(1));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(300_000)]
    public void Bodies_are_told_by_both_ends_and_their_length(int length)
    {
        var body = new byte[length];
        var known = _list.Fingerprint(new(body));
        Assert.Equal(known, _list.Fingerprint(new(body)));
        Assert.NotEqual(known, new PoisonList(_time).Fingerprint(new(body)));
        Assert.NotEqual(known, _list.Fingerprint(new(new byte[length + 1])));
        body[0] = 1;
        Assert.NotEqual(known, _list.Fingerprint(new(body)));
        (body[0], body[^1]) = (0, 1);
        Assert.NotEqual(known, _list.Fingerprint(new ReadOnlySequence<byte>(body)));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(11)]
    [InlineData(300_000)]
    public void A_body_as_long_as_none_that_is_watched_is_not_hashed(int length)
    {
        var (watched, other) = (new ReadOnlySequence<byte>(new byte[10]), new ReadOnlySequence<byte>(new byte[length]));
        Assert.False(_list.MayWatch(watched, out _));
        var request = _list.Fingerprint(watched);
        Blame(request, "a");
        Assert.True(_list.MayWatch(watched, out var found));
        Assert.Equal(request, found);
        var least = long.MaxValue;
        for (var round = 0; round < 4; round++)
        {
            // A hash allocates.
            var before = GC.GetAllocatedBytesForCurrentThread();
            var isWatched = _list.MayWatch(other, out found);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Equal((false, default), (isWatched, found));
        }

        Assert.Equal(0, least);
        Assert.True(_list.MayWatch(new(new byte[10]), out _));
    }

    [Fact]
    public void Whatever_takes_a_request_off_the_list_takes_its_length_off_too()
    {
        var body = new ReadOnlySequence<byte>(new byte[10]);
        var request = _list.Fingerprint(body);
        Blame(request, "a");
        Blame(request, "b");
        _list.Absolve(request);
        Assert.False(_list.MayWatch(body, out _));
        Blame(request, "a");
        _list.Clear();
        Assert.False(_list.MayWatch(body, out _));
        Blame(request, "a");
        _time.Advance(PoisonList.Length);

        // Whatever is asked for.
        Assert.False(_list.MayWatch(new(new byte[11]), out _));
        Assert.False(_list.MayWatch(body, out _));
        Assert.True(_list.IsEmpty);
    }

    private bool Blame(UInt128 request, string destination) => _list.Blame(request, destination, _time.GetTimestamp(), isSame: true);
}
