using BlazeGateway.Policies.Destinations.Reports;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>What the sweep makes of silence: who is probed at once, who is wedged and who only seems to be.</summary>
public sealed class ProgressTests
{
    [Fact]
    public void Silence_with_requests_in_flight_is_probed_at_once_and_again()
    {
        using var progress = new Progress("a", "b");
        progress.Pass(2);
        Assert.Empty(progress.Probed);
        var stream = progress.Send("a").Chunk();
        progress.Pass(0.15);
        Assert.Empty(progress.Probed);
        progress.Pass(0.05);
        Assert.Equal([("a", 2.2)], progress.Probed);
        progress.Pass(0.4);
        Assert.Equal([("a", 2.2), ("a", 2.4), ("a", 2.6)], progress.Probed);
        stream.Chunk();
        progress.Pass(0.15);
        Assert.Equal(3, progress.Probed.Count);
        stream.End();
        progress.Pass(2);
        Assert.Equal(3, progress.Probed.Count);
    }

    [Fact]
    public void Silence_is_counted_from_when_the_first_request_came_and_headers_end_it()
    {
        using var progress = new Progress("a");
        progress.Send("a").Chunk().End();
        progress.Pass(5);
        var plain = progress.Send("a", isStream: false);
        progress.Pass(0.15);
        Assert.Empty(progress.Probed);
        plain.Headers();
        progress.Pass(0.15);
        Assert.Empty(progress.Probed);
        progress.Pass(0.05);
        Assert.Single(progress.Probed);
    }

    [Fact]
    public void A_destination_that_is_not_probed_is_not_looked_at()
    {
        using var progress = new Progress("a", "b") { IsProbed = false };
        progress.Send("a").Chunk();
        progress.Pass(60);
        Assert.Empty(progress.Probed);
        Assert.Equal("up", progress.Cluster.StateOf("a"));
    }

    [Fact]
    public void A_large_cluster_has_no_more_probes_for_it_than_one_of_fifty()
    {
        using var progress = new Progress([.. Enumerable.Range(0, 100).Select(i => $"d{i:D3}")]);
        progress.Send("d007").Chunk();
        progress.Pass(2);
        Assert.Equal([0.2, 0.6, 1, 1.4, 1.8], progress.Probed.Select(probe => probe.At));
    }

    [Theory]
    [InlineData(9.95, "up")]
    [InlineData(10, "up")]
    [InlineData(10.05, "wedged")]
    public void Streams_that_had_begun_may_stand_still_for_ten_seconds(double seconds, string state)
    {
        using var progress = new Progress("a", "b");
        progress.Send("a").Chunk();
        progress.Send("a").Chunk();
        progress.Send("b").Chunk();
        for (var passed = 0.0; passed < seconds - 0.01; passed += 0.05)
        {
            progress.Pass(0.05);
            progress.Cluster["b"].Load.Came(progress.Cluster.Registry.Clock);
        }

        Assert.Equal((state, "up"), (progress.Cluster.StateOf("a"), progress.Cluster.StateOf("b")));
    }

    [Theory]
    [InlineData(60, "up")]
    [InlineData(60.05, "wedged")]
    public void Streams_that_have_not_begun_may_be_waiting_for_their_turn(double seconds, string state)
    {
        using var progress = new Progress("a", "b");
        progress.Send("a").Headers();
        progress.Pass(seconds);
        Assert.Equal(state, progress.Cluster.StateOf("a"));
    }

    [Fact]
    public void Plain_requests_say_nothing_alone_nor_of_streams_that_may_wait_behind_them()
    {
        using var progress = new Progress("a", "b");
        progress.Send("a", isStream: false);
        progress.Pass(100);
        progress.Send("a");
        progress.Pass(200);
        Assert.Equal("up", progress.Cluster.StateOf("a"));
    }

    [Fact]
    public void A_client_that_does_not_read_holds_up_its_own_stream_only()
    {
        using var progress = new Progress("a", "b");
        var held = progress.Send("a").Chunk(isHeldUp: true);
        progress.Pass(30);
        Assert.Equal("up", progress.Cluster.StateOf("a"));
        held.Resume();
        progress.Pass(10);
        Assert.Equal("up", progress.Cluster.StateOf("a"));
        progress.Pass(0.05);
        Assert.Equal("wedged", progress.Cluster.StateOf("a"));
    }

    [Theory]
    [InlineData(20, "up")]
    [InlineData(20.05, "wedged")]
    public void Prompts_that_are_computed_explain_silence_at_a_rate_that_was_learned(double seconds, string state)
    {
        using var progress = new Progress("a", "b");
        var first = progress.Send("a", prompt: 2000);
        progress.Pass(4);
        first.Chunk();
        Assert.Equal(0.002, progress.Cluster["a"].Load.SecondsPerToken, 9);
        progress.Send("a", prompt: 5000);
        progress.Pass(seconds);
        Assert.Equal(state, progress.Cluster.StateOf("a"));
    }

    [Fact]
    public void Without_chunked_prefill_a_prompt_stops_all_streams_for_twenty_seconds()
    {
        using var progress = new Progress("a", "b");
        for (var round = 0; round < 10; round++)
        {
            var streams = Enumerable.Range(0, 4).Select(_ => progress.Send("a", prompt: 50)).ToArray();
            progress.Pass(0.5);
            Array.ForEach(streams, stream => stream.Chunk());
            var prompt = progress.Send("a", prompt: 8000);
            progress.Pass(20);
            prompt.Chunk();
            Array.ForEach(streams, stream => stream.Chunk());
            progress.Pass(1);
            Array.ForEach([prompt, .. streams], stream => stream.End());
        }

        Assert.Equal("up", progress.Cluster.StateOf("a"));
        Assert.DoesNotContain(progress.Cluster.Log.Lines, line => line.Contains("wedged", StringComparison.Ordinal));
    }

    [Fact]
    public void Ten_minutes_of_first_tokens_after_up_to_twenty_seconds_eject_nobody()
    {
        using var progress = new Progress("a", "b", "c");
        var random = new Random(1);
        var running = new List<(Progress.Ongoing Stream, string Id, double First, double End)>();
        for (var now = 0.0; now < 600; now += 0.05)
        {
            foreach (var id in (string[])["a", "b", "c"])
            {
                if (running.Count(stream => stream.Id == id) < 2 && random.NextDouble() < 0.02)
                {
                    var first = now + 0.1 + (19.9 * random.NextDouble());
                    running.Add((progress.Send(id, random.Next(10, 2000)).Headers(), id, first, first + (5 * random.NextDouble())));
                }
            }

            progress.Pass(0.05);
            foreach (var stream in running.Where(stream => now >= stream.First))
            {
                stream.Stream.Chunk();
            }

            foreach (var over in running.Where(stream => now >= stream.End).ToArray())
            {
                over.Stream.End();
                running.Remove(over);
            }
        }

        Assert.NotEmpty(progress.Probed);
        Assert.DoesNotContain(progress.Cluster.Log.Lines, line => line.Contains("wedged", StringComparison.Ordinal) || line.Contains("ejected", StringComparison.Ordinal));
    }

    [Fact]
    public void A_server_that_reports_nothing_to_do_has_lost_its_requests()
    {
        using var progress = new Progress("a", "b");
        progress.Send("a", prompt: 100_000);
        progress.Send("a", isStream: false);
        for (var i = 0; i < 10; i++)
        {
            progress.Pass(1);
            Report(progress, new ReportedFacts { Running = 0, Waiting = 0 });
            Assert.Equal("up", progress.Cluster.StateOf("a"));
        }

        progress.Pass(0.05);
        Assert.Equal("wedged", progress.Cluster.StateOf("a"));
    }

    [Fact]
    public void A_server_that_reports_tokens_is_not_wedged_until_it_does_not_any_more()
    {
        using var progress = new Progress("a", "b");
        progress.Send("a").Chunk();
        for (var i = 0; i < 30; i++)
        {
            progress.Pass(1);
            Report(progress, new ReportedFacts { Running = 3, Waiting = 0 });
            progress.Cluster["a"].Load.LastReportedProgress = progress.Cluster.Registry.Clock;
            Assert.Equal("up", progress.Cluster.StateOf("a"));
        }

        // A report that is too old says nothing.
        progress.Pass(1.5);
        Assert.Equal("wedged", progress.Cluster.StateOf("a"));
    }

    [Fact]
    public void All_that_are_silent_are_counted_in_one_walk_and_once_a_second()
    {
        using var progress = new Progress("a", "b", "c", "d");
        Array.ForEach<string>(["a", "b", "c"], id => progress.Send(id).Chunk(isHeldUp: true));
        progress.Pass(10);
        Assert.Empty(progress.Walks);
        progress.Pass(0.05);
        Assert.Equal([3], progress.Walks);
        progress.Pass(0.95);
        Assert.Equal([3], progress.Walks);
        progress.Pass(0.05);
        Assert.Equal([3, 3], progress.Walks);
        progress.Pass(60);
        Assert.Equal(62, progress.Walks.Count);
    }

    [Fact]
    public void Who_reports_tokens_costs_no_walk()
    {
        using var progress = new Progress("a", "b");
        progress.Send("a").Chunk();
        for (var i = 0; i < 30; i++)
        {
            Report(progress, new ReportedFacts { Running = 3, Waiting = 0 });
            progress.Cluster["a"].Load.LastReportedProgress = progress.Cluster.Registry.Clock;
            progress.Pass(1);
        }

        Assert.Empty(progress.Walks);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(30.3)]
    [InlineData(30.95)]
    public void A_count_once_a_second_makes_nobody_late(double resumed)
    {
        using var progress = new Progress("a", "b");
        var held = progress.Send("a").Chunk(isHeldUp: true);
        progress.Pass(resumed);
        held.Resume();
        progress.Pass(10);
        Assert.Equal("up", progress.Cluster.StateOf("a"));
        progress.Pass(0.05);
        Assert.Equal("wedged", progress.Cluster.StateOf("a"));
    }

    [Fact]
    public void What_gives_no_sign_until_its_end_is_no_silence()
    {
        using var progress = new Progress("a", "b");
        var tunnel = progress.Send("a", isStream: false).Unwatched();
        progress.Pass(5);
        Assert.Empty(progress.Probed);

        // Silence of others counts from when the first of them came, beside it.
        var stream = progress.Send("a");
        progress.Pass(0.15);
        Assert.Empty(progress.Probed);
        progress.Pass(0.05);
        Assert.Equal([("a", 5.2)], progress.Probed);
        stream.End();
        progress.Pass(5);
        tunnel.End();
        progress.Send("a", isStream: false);
        progress.Pass(0.2);
        Assert.Equal([("a", 5.2), ("a", 10.4)], progress.Probed);
    }

    [Fact]
    public void A_gateway_that_itself_stood_still_counts_from_then()
    {
        using var progress = new Progress("a", "b");
        progress.Send("a").Chunk();
        progress.Cluster.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("up", progress.Cluster.StateOf("a"));
        progress.Pass(10);
        Assert.Equal("up", progress.Cluster.StateOf("a"));
        progress.Pass(0.05);
        Assert.Equal("wedged", progress.Cluster.StateOf("a"));
    }

    [Fact]
    public void Streams_from_before_it_was_taken_out_say_nothing_of_it_afterwards()
    {
        using var progress = new Progress("a", "b");
        progress.Send("a").Chunk();
        progress.Pass(10.05);
        Assert.Equal("wedged", progress.Cluster.StateOf("a"));
        progress.Pass(11.1);
        Assert.Equal("half-open", progress.Cluster.StateOf("a"));
        progress.Pass(100);
        Assert.Equal("half-open", progress.Cluster.StateOf("a"));

        // The trial has headers and nothing more; ten seconds are enough there.
        Assert.True(progress.Cluster["a"].TryTakeTrial(out _));
        progress.Send("a").Headers();
        progress.Pass(10.05);
        Assert.Equal("wedged", progress.Cluster.StateOf("a"));
        Assert.InRange((progress.Cluster["a"].Facts.EjectedUntil - progress.Cluster.Registry.Now).TotalSeconds, 19.9, 22);
    }

    private static void Report(Progress progress, ReportedFacts facts)
    {
        var moment = new ReportMoment(progress.Cluster.Registry.Clock, TimeSpan.FromSeconds(1), 1);
        progress.Cluster["a"].Load.Reported = new ReportedLoad(facts, moment, moment);
    }
}
