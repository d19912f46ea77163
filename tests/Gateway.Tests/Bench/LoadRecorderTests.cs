using BlazeGateway.Bench;
using Microsoft.Extensions.Time.Testing;

namespace BlazeGateway.Tests.Bench;

public sealed class LoadRecorderTests
{
    [Fact]
    public void Goodput_is_part_of_throughput_when_answers_come_after_the_last_start()
    {
        var time = new FakeTimeProvider();
        var options = Loads.Closed(new Uri("http://127.0.0.1:1"), 1, 10) with { Duration = TimeSpan.FromSeconds(1), TtftTarget = TimeSpan.FromSeconds(0.7) };
        var recorder = new LoadRecorder(time, options, time.GetTimestamp());
        for (var i = 0; i < 10; i++)
        {
            var scheduled = time.GetTimestamp();
            time.Advance(TimeSpan.FromSeconds(0.15));
            recorder.Ended(new LoadRequest(i, scheduled, scheduled, 1), LoadOutcome.Ok, 200, time.GetTimestamp(), null);
        }

        var result = recorder.Complete(options, 0, 1, isOpenLoop: false);

        Assert.Equal((6.0, 6.0, 1.0), (result.OkPerSecond, result.GoodPerSecond, result.GoodShare));
    }
}
