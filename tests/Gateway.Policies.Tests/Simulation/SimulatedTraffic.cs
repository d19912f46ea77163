using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>Chat completions at a steady rate, and what came of them.</summary>
internal sealed class SimulatedTraffic(SimulatedGateway gateway)
{
    private int _from;

    /// <summary>Requests sent.</summary>
    public int Requests { get; private set; }

    /// <summary>Attempts by request, over those sent since <see cref="Forget"/>.</summary>
    public double Amplification => (double)gateway.Tickets.Skip(_from).Sum(static ticket => ticket.Attempts.Count) / Counted;

    /// <summary>Part of the requests that were answered well.</summary>
    public double Success => (double)gateway.Tickets.Skip(_from).Count(static ticket => ticket.IsOk) / Counted;

    /// <summary>Requests that were not answered well.</summary>
    public IEnumerable<SimulatedTicket> Failed => gateway.Tickets.Skip(_from).Where(static ticket => !ticket.IsOk);

    /// <summary>Fewest candidates there were when a request came.</summary>
    public int FewestCandidates { get; private set; } = int.MaxValue;

    private int Counted => gateway.Tickets.Count - _from;

    /// <summary>Sends for <paramref name="seconds"/>.</summary>
    public void Send(double rate, double seconds, bool stream = false)
    {
        for (var i = 0; i < rate * seconds; i++)
        {
            gateway.Send(SimulatedRequest.Chat($"request {Requests++}", stream));
            FewestCandidates = Math.Min(FewestCandidates, gateway.State.DestinationsState.AvailableDestinations.Count);
            gateway.Time.Pass(TimeSpan.FromSeconds(1 / rate));
        }
    }

    /// <summary>Waits for what is under way.</summary>
    public void End(double seconds = 400)
    {
        for (var waited = 0.0; gateway.Running.Count > 0 && waited < seconds; waited++)
        {
            gateway.Time.Pass(TimeSpan.FromSeconds(1));
        }

        Assert.Empty(gateway.Running);
        Assert.All(gateway.Tickets, static ticket => Assert.Equal(1, ticket.Settled));
        Assert.DoesNotContain(gateway.Tickets, static ticket => ticket.Record.Outcome == Outcome.GatewayError);
    }

    /// <summary>Counts from here on.</summary>
    public void Forget() => _from = gateway.Tickets.Count;
}
