using BlazeGateway.Policies.Clients;

namespace BlazeGateway.Policies.Tests.Admission;

public class OverloadTests(ITestOutputHelper output)
{
    private static SimulatedWait Request(QueueSimulation simulation, ulong client, PriorityBand band = PriorityBand.Standard, int tokens = 1) =>
        new() { Ticket = simulation.Room.Ticket(client, band) with { Tokens = tokens }, Came = simulation.Now };

    /// <summary>Sixteen places and a quarter of a second each make 64 answers a second; for half a minute four times as many are asked for, by clients of their own.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Four_times_too_many_leave_nine_tenths_of_what_can_be_done_and_are_over_soon(int seed)
    {
        const int PerSecond = 64;
        var random = new Random(seed);
        var simulation = new QueueSimulation(places: 16, limit: 100);
        var (from, until) = (10_000, 40_000);
        var client = 0UL;
        var recovered = 0;
        while (simulation.Now < 60_000)
        {
            var perMillisecond = (simulation.Now >= from && simulation.Now < until ? 4 : simulation.Now < from ? 0.5 : 0.1) * PerSecond / 1000;
            for (var left = perMillisecond; left > 0; left--)
            {
                if (random.NextDouble() < left)
                {
                    var now = simulation.Now;
                    simulation.Come(
                        new SimulatedWait { Ticket = simulation.Room.Ticket(++client), Came = now, Patience = now + 10_000, Retries = 3 }, now);
                }
            }

            simulation.Advance();
            recovered = recovered == 0 && simulation.Now > until && simulation.Waiting == 0 ? simulation.Now : recovered;
        }

        var goodput = simulation.Answered.Count(answer => answer.At >= from + 1000 && answer.At < until) / ((until - from - 1000) / 1000.0);
        output.WriteLine(
            $"goodput {goodput:0.0} of {PerSecond} a second; {simulation.Refused} refused; the last came again {simulation.LastRetry - until} ms after, nobody waited {recovered - until} ms after");
        Assert.True(goodput >= 0.9 * PerSecond, $"{goodput}");
        Assert.True(recovered > 0 && recovered - until <= 2000, $"{recovered}");
        Assert.False(simulation.Room.Queue.IsWaited);
        Assert.Equal(0, simulation.Room.Queue.Granted);
    }

    /// <summary>Both ask for more than there is, one for ten times as much; a queue that is always full of the first serves both alike.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Two_clients_that_both_want_too_much_get_as_many_tokens(int seed)
    {
        var random = new Random(seed);
        var simulation = new QueueSimulation(places: 8, limit: 100);
        while (simulation.Now < 60_000)
        {
            // 8 places and a quarter of a second: 32 a second. One asks for 40, the other for 400.
            if (random.NextDouble() < 0.040)
            {
                simulation.Come(Request(simulation, client: 2, tokens: random.Next(100, 2000)), simulation.Now);
            }

            if (random.NextDouble() < 0.400)
            {
                simulation.Come(Request(simulation, client: 1, tokens: random.Next(100, 2000)), simulation.Now);
            }

            simulation.Advance();
        }

        var served = simulation.Answered.Where(answer => answer.At > 5000).ToList();
        var tokens = served.Sum(answer => (double)answer.Request.Ticket.Tokens);
        var part = served.Where(answer => answer.Request.Ticket.Client == 1).Sum(answer => (double)answer.Request.Ticket.Tokens) / tokens;
        output.WriteLine($"{part:0.000} of {tokens} tokens for the one that asks for ten times as much");
        Assert.InRange(part, 0.45, 0.55);
    }

    /// <summary>Batch work fills every place and the queue; what is critical waits for one place to come free.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_critical_waits_no_longer_than_until_a_place_is_free(int seed)
    {
        const int Places = 10;
        const int Service = 1000;
        var random = new Random(seed);
        var simulation = new QueueSimulation(Places, limit: 100);
        var critical = new List<SimulatedWait>();
        var next = 1000;
        while (simulation.Now < 120_000)
        {
            // Places come free one after another, each 100 ms; twice as much batch work comes.
            if (simulation.Now % (Service / Places) == 0 || (simulation.Now > 2000 && simulation.Now % (Service / Places) == 37))
            {
                simulation.Come(new SimulatedWait { Ticket = simulation.Room.Ticket(1, PriorityBand.Batch), Came = simulation.Now, Service = Service }, simulation.Now);
            }

            if (simulation.Now == next)
            {
                next += random.Next(Service / Places, 1500);
                var request = new SimulatedWait { Ticket = simulation.Room.Ticket(2, PriorityBand.Critical), Came = simulation.Now, Service = Service };
                critical.Add(request);
                simulation.Come(request, simulation.Now);
            }

            simulation.Advance();
        }

        var waits = critical.Where(request => request.Came is > 5000 and < 115_000).Select(static request => request.Began - request.Came).Order().ToList();
        var late = waits[(int)(waits.Count * 0.99)];
        output.WriteLine($"{waits.Count} critical requests: median {waits[waits.Count / 2]} ms, p99 {late} ms, most {waits[^1]} ms; a place every {Service / Places} ms");
        Assert.True(simulation.Waiting > 20);
        Assert.InRange(late, 0, (Service / Places) + 1);
    }
}
