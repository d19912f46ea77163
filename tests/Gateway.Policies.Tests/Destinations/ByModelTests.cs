using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Tests.Destinations;

public class ByModelTests
{
    [Fact]
    public void As_many_models_as_there_is_room_for_are_told_apart_and_the_next_ones_share()
    {
        var values = new ByModel<object>(static () => new object(), static _ => false);
        var own = Enumerable.Range(0, ByModel<object>.Most).Select(i => values.Of((ulong)i)).ToList();
        Assert.Equal(ByModel<object>.Most, own.Distinct().Count());
        var shared = values.Of(1000);
        Assert.DoesNotContain(shared, own);
        Assert.Same(shared, values.Of(1001));
        Assert.Equal(own, Enumerable.Range(0, ByModel<object>.Most).Select(i => values.Of((ulong)i)));
        values.Clear();
        Assert.DoesNotContain(values.Of(0), own);
        Enumerable.Range(0, ByModel<object>.Most).ToList().ForEach(i => values.Of((ulong)i));
        Assert.NotSame(shared, values.Of(1000));
    }

    [Fact]
    public void One_that_nothing_was_learned_of_makes_room()
    {
        var values = new ByModel<List<int>>(static () => [], static value => value.Count == 0);
        values.Of(7).Add(1);
        for (var name = 1000UL; name < 1200; name++)
        {
            values.Of(name);
        }

        Assert.Equal(ByModel<object>.Most, values.Known.Count());
        Assert.Equal([1], values.Of(7));
        var late = values.Of(8);
        late.Add(2);
        for (var name = 1000UL; name < 1200; name++)
        {
            values.Of(name);
        }

        Assert.Same(late, values.Of(8));
    }

    [Fact]
    public void Many_threads_that_ask_at_once_get_the_same()
    {
        for (var round = 0; round < 50; round++)
        {
            var values = new ByModel<object>(static () => new object(), static _ => false);
            var got = new object[8][];
            Parallel.For(0, 8, thread => got[thread] = [.. Enumerable.Range(0, 40).Select(i => values.Of((ulong)i))]);
            Assert.All(got, one => Assert.Equal(got[0], one));
        }
    }
}
