using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Clients;

namespace BlazeGateway.Policies.Tests.Admission;

public class WaitingLinesTests
{
    private readonly WaitingLines _lines = new();
    private readonly AdmissionQueue _queue = new(TimeProvider.System, static () => 0, static _ => Outlook.Open);
    private long _order;

    private Waiter Add(PriorityBand band, ulong client = 1, ulong flow = 0, long deadline = 100, int tokens = 1, int share = 1, bool again = false, long bytes = 0, ulong kind = 0)
    {
        var waiter = new Waiter(_queue)
        {
            Ticket = new WaitTicket(band, client, flow, deadline) { Tokens = tokens, Share = share, IsAgain = again, Bytes = bytes, Kind = kind },
            Order = ++_order,
        };
        _lines.Add(waiter);
        return waiter;
    }

    private Waiter Next() => _lines.Next(static _ => true)!;

    [Fact]
    public void A_higher_band_goes_first_and_of_one_band_who_came_first()
    {
        var (batch, standard, first, second) = (Add(PriorityBand.Batch), Add(PriorityBand.Standard), Add(PriorityBand.Critical), Add(PriorityBand.Critical));
        Assert.Equal([first, second, standard, batch], [Next(), Next(), Next(), Next()]);
        Assert.Null(_lines.Next(static _ => true));
        Assert.Equal((0, 0L), (_lines.Count, _lines.Bytes));
    }

    [Fact]
    public void Who_was_served_before_goes_before_all_others()
    {
        Add(PriorityBand.Critical);
        var again = Add(PriorityBand.Batch, again: true);
        Assert.Equal((1, 1, 0), (_lines.CountOf(PriorityBand.Critical), _lines.CountOf(PriorityBand.Batch), _lines.CountOf(PriorityBand.Standard)));
        Assert.Equal(again, Next());
    }

    /// <summary>Every band that waits has a twentieth of what is served; the rest is the highest band's.</summary>
    [Fact]
    public void The_lower_bands_have_a_twentieth_each_while_the_highest_never_ends()
    {
        const int Served = 2000;
        var counts = new int[PriorityBandNames.Count];
        for (var i = 0; i < Served; i++)
        {
            foreach (var band in new[] { PriorityBand.Critical, PriorityBand.Standard, PriorityBand.Batch })
            {
                while (_lines.CountOf(band) < 3)
                {
                    Add(band);
                }
            }

            counts[(int)Next().Ticket.Band]++;
        }

        Assert.InRange(counts[1] / (double)Served, 0.05, 0.055);
        Assert.InRange(counts[2] / (double)Served, 0.05, 0.055);
    }

    [Theory]
    [InlineData(WaitingLines.MostPassed - 1, PriorityBands.Critical)]
    [InlineData(WaitingLines.MostPassed, PriorityBands.Batch)]
    public void A_band_is_due_after_so_many_others(int others, string expected)
    {
        Add(PriorityBand.Batch);
        for (var i = 0; i < others; i++)
        {
            Add(PriorityBand.Critical);
            Assert.Equal(PriorityBand.Critical, Next().Ticket.Band);
        }

        Add(PriorityBand.Critical);
        Assert.Equal(expected, PriorityBandNames.Of(Next().Ticket.Band));
    }

    /// <summary>A band that is not there saves nothing up.</summary>
    [Fact]
    public void A_band_that_comes_after_many_others_is_not_due()
    {
        for (var i = 0; i < 100; i++)
        {
            Add(PriorityBand.Critical);
            Next();
        }

        Add(PriorityBand.Batch);
        Add(PriorityBand.Critical);
        Assert.Equal(PriorityBand.Critical, Next().Ticket.Band);
    }

    /// <summary>Both always wait; one asks for ten times as much and for answers four times as long, and gets as many tokens as the other, or by their shares.</summary>
    [Theory]
    [InlineData(1, 1, 0.5)]
    [InlineData(3, 1, 0.75)]
    [InlineData(1, 4, 0.2)]
    public void Clients_of_a_band_share_the_tokens(int shareA, int shareB, double expected)
    {
        var random = new Random(7);
        var tokens = new double[3];
        for (var i = 0; i < 5000; i++)
        {
            while (_lines.All.Count(waiter => waiter.Ticket.Client == 1) < 50)
            {
                Add(PriorityBand.Standard, client: 1, tokens: random.Next(400, 4000), share: shareA);
            }

            while (_lines.All.Count(waiter => waiter.Ticket.Client == 2) < 5)
            {
                Add(PriorityBand.Standard, client: 2, tokens: random.Next(100, 1000), share: shareB);
            }

            var served = Next().Ticket;
            tokens[served.Client] += served.Tokens;
        }

        Assert.Equal(expected, tokens[1] / (tokens[1] + tokens[2]), 0.02);
    }

    [Fact]
    public void A_client_gains_nothing_by_many_flows_and_its_flows_share_what_it_has()
    {
        var tokens = new Dictionary<(ulong, ulong), int>();
        for (var i = 0; i < 3000; i++)
        {
            for (var flow = 0UL; flow < 3; flow++)
            {
                while (_lines.All.Count(waiter => waiter.Ticket is { Client: 1 } ticket && ticket.Flow == flow) < 4)
                {
                    Add(PriorityBand.Standard, client: 1, flow: flow, tokens: 1 + (int)flow);
                }
            }

            while (_lines.All.Count(waiter => waiter.Ticket.Client == 2) < 2)
            {
                Add(PriorityBand.Standard, client: 2, tokens: 2);
            }

            var ticket = Next().Ticket;
            tokens[(ticket.Client, ticket.Flow)] = tokens.GetValueOrDefault((ticket.Client, ticket.Flow)) + ticket.Tokens;
        }

        var all = (double)tokens.Values.Sum();
        Assert.Equal(0.5, tokens[(2, 0)] / all, 0.01);
        Assert.All([0UL, 1UL, 2UL], flow => Assert.Equal(0.5 / 3, tokens[(1, flow)] / all, 0.01));
    }

    [Fact]
    public void Whoever_comes_anew_starts_now_and_does_not_make_up_for_its_absence()
    {
        for (var i = 0; i < 100; i++)
        {
            Add(PriorityBand.Standard, client: 1, tokens: 100);
        }

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(1UL, Next().Ticket.Client);
        }

        for (var i = 0; i < 50; i++)
        {
            Add(PriorityBand.Standard, client: 2, tokens: 100);
        }

        var served = Enumerable.Range(0, 20).Select(_ => Next().Ticket.Client).ToList();
        Assert.InRange(served.Count(client => client == 2), 9, 11);
    }

    [Fact]
    public void Of_one_flow_the_earliest_deadline_goes_first()
    {
        var (late, early, alike) = (Add(PriorityBand.Standard, deadline: 30), Add(PriorityBand.Standard, deadline: 10), Add(PriorityBand.Standard, deadline: 10));
        Assert.Equal([early, alike, late], [Next(), Next(), Next()]);
    }

    [Fact]
    public void Who_is_put_back_stands_where_it_stood_and_is_not_charged()
    {
        var first = Add(PriorityBand.Standard, client: 1, tokens: 1000);
        var second = Add(PriorityBand.Standard, client: 1, tokens: 1000);
        var other = Add(PriorityBand.Standard, client: 2, tokens: 1000);
        Assert.Equal(first, Next());
        _lines.PutBack(first);
        Assert.Equal([first, other, second], [Next(), Next(), Next()]);
    }

    [Fact]
    public void What_an_answer_cost_beyond_what_was_thought_is_charged_afterwards()
    {
        var first = Add(PriorityBand.Standard, client: 1, tokens: 10);
        Add(PriorityBand.Standard, client: 1, tokens: 10);
        for (var i = 0; i < 3; i++)
        {
            Add(PriorityBand.Standard, client: 2, tokens: 10);
        }

        Assert.Equal(first, Next());
        _lines.Correct(first.Ticket, 25);
        Assert.Equal([2UL, 2UL, 2UL, 1UL], Enumerable.Range(0, 4).Select(_ => Next().Ticket.Client));
    }

    /// <summary>It was charged far too much and waited for that; what it gets back now is no credit that others would pay for.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_given_back_lets_nobody_go_before_all_others(bool hasRunEmpty)
    {
        var big = Add(PriorityBand.Standard, client: 1, flow: 1, tokens: 16_384);
        if (hasRunEmpty)
        {
            Assert.Equal(big, Next());
        }
        else
        {
            Add(PriorityBand.Standard, client: 2, tokens: 100);
            Assert.Equal(big, Next());
            for (var i = 0; i < 200; i++)
            {
                Add(PriorityBand.Standard, client: 2, tokens: 100);
                Add(PriorityBand.Standard, client: 3, tokens: 100);
                Next();
            }
        }

        for (var i = 0; i < 100; i++)
        {
            Add(PriorityBand.Standard, client: 1, flow: 1, tokens: 100);
            Add(PriorityBand.Standard, client: 1, flow: 2, tokens: 100);
            Add(PriorityBand.Standard, client: 2, tokens: 100);
        }

        _lines.Correct(big.Ticket, 100 - 16_384);
        var served = Enumerable.Range(0, 40).Select(_ => Next().Ticket).ToList();
        Assert.InRange(served.Count(static ticket => ticket.Client == 1), 1, 21);
        Assert.InRange(served.Count(static ticket => ticket is { Client: 1, Flow: 1 }), 0, 12);
    }

    /// <summary>One that was served before waits for a destination that is full; a band that is due is not held up by it.</summary>
    [Fact]
    public void A_band_is_due_though_one_waits_again_that_cannot_begin()
    {
        Add(PriorityBand.Standard, again: true, kind: 1);
        Add(PriorityBand.Batch, kind: 2);
        for (var i = 0; i < WaitingLines.MostPassed; i++)
        {
            Add(PriorityBand.Critical, kind: 2);
            Assert.Equal(PriorityBand.Critical, _lines.Next(static waiter => waiter.Ticket.Kind == 2)!.Ticket.Band);
        }

        Add(PriorityBand.Critical, kind: 2);
        Assert.Equal(PriorityBand.Batch, _lines.Next(static waiter => waiter.Ticket.Kind == 2)!.Ticket.Band);
    }

    /// <summary>Turns are a client's own whatever kinds it waits with, and among those that may begin the earliest goes first.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whose_turn_it_is_among_kinds_is_the_same_as_by_a_look_at_each(int seed)
    {
        var random = new Random(seed);
        var waiting = new List<Waiter>();
        var starts = new Dictionary<ulong, double>();
        var now = 0.0;
        for (var i = 0; i < 3000; i++)
        {
            if (waiting.Count < 2 || random.Next(2) == 0)
            {
                var comes = (ulong)random.Next(6);
                if (!waiting.Exists(waiter => waiter.Ticket.Client == comes))
                {
                    starts[comes] = Math.Max(starts.GetValueOrDefault(comes), now);
                }

                waiting.Add(Add(PriorityBand.Standard, comes, tokens: random.Next(1, 100), kind: (ulong)random.Next(4), deadline: random.Next(100)));
                continue;
            }

            var closed = (ulong)random.Next(4);
            var open = waiting.Where(waiter => waiter.Ticket.Kind != closed).ToList();
            var next = _lines.Next(waiter => waiter.Ticket.Kind != closed);
            Assert.Equal(open.Count == 0, next is null);
            if (next is null)
            {
                continue;
            }

            var client = next.Ticket.Client;
            Assert.Equal(open.Min(waiter => starts[waiter.Ticket.Client]), starts[client]);
            Assert.Equal(open.Where(waiter => waiter.Ticket.Client == client).Min(Waiter.Earliest), next);
            waiting.Remove(next);
            now = Math.Max(now, starts[client]);
            starts[client] += next.Ticket.Tokens;
            if (waiting.Count == 0)
            {
                starts.Clear();
            }
        }
    }

    [Fact]
    public void Those_that_cannot_begin_are_passed_over_and_keep_their_place()
    {
        var (critical, standard) = (Add(PriorityBand.Critical, kind: 1), Add(PriorityBand.Standard, kind: 2));
        Assert.Equal(standard, _lines.Next(waiter => waiter != critical));
        Assert.Null(_lines.Next(waiter => waiter != critical));
        Assert.Equal(critical, Next());
    }

    [Fact]
    public void The_newest_of_the_lowest_band_makes_room_for_a_higher_one()
    {
        Add(PriorityBand.Batch);
        var newest = Add(PriorityBand.Batch, client: 2);
        Add(PriorityBand.Standard);
        Assert.Equal(newest, Victim(PriorityBand.Critical));
        Assert.Equal(newest, Victim(PriorityBand.Standard));
        Assert.Equal(newest, Victim(PriorityBand.Batch, again: true));
        _lines.Remove(newest);
        Next();
        Assert.Null(Victim(PriorityBand.Batch, client: 9));
    }

    /// <summary>Of one band the client with most waiting makes room, as long as it keeps at least as many as the other then has.</summary>
    [Theory]
    [InlineData(2, 0, true)]
    [InlineData(1, 0, false)]
    [InlineData(3, 1, true)]
    [InlineData(3, 2, false)]
    public void Of_one_band_the_client_with_most_waiting_makes_room(int others, int own, bool expected)
    {
        Waiter? last = null;
        for (var i = 0; i < others; i++)
        {
            last = Add(PriorityBand.Standard, client: 1);
        }

        for (var i = 0; i < own; i++)
        {
            Add(PriorityBand.Standard, client: 2);
        }

        Assert.Equal(expected ? last : null, Victim(PriorityBand.Standard, client: 2));
        Assert.Null(Victim(PriorityBand.Standard, client: 1));
    }

    [Fact]
    public void Clients_that_wait_for_nothing_are_forgotten()
    {
        var line = new BandLine();
        var stays = new Waiter(_queue) { Ticket = new WaitTicket(PriorityBand.Standard, 0, 0, 1) { Tokens = 1 } };
        line.Add(stays);
        for (var client = 1UL; client < 5UL * BandLine.MostIdle; client++)
        {
            var waiter = new Waiter(_queue) { Ticket = new WaitTicket(PriorityBand.Standard, client, 0, 1) { Tokens = 10 }, Order = (long)client };
            line.Add(waiter);
            line.Serve(waiter.Ticket);
            line.Remove(waiter);
            Assert.InRange(line.Clients, 1, BandLine.MostIdle + 2);
        }

        line.Remove(stays);
        Assert.Equal((0, 0), (line.Count, line.Clients));
    }

    private Waiter? Victim(PriorityBand band, ulong client = 9, bool again = false) =>
        _lines.Victim(new WaitTicket(band, client, 0, 100) { IsAgain = again });
}
