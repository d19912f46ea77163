using System.Globalization;
using System.Runtime.CompilerServices;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>
/// What holds at every moment, told from the outside: the states are those of the product, the rules are written down here once more. What is broken is listed and
/// not thrown, because the product takes exceptions of its surroundings for failures of requests.
/// </summary>
internal sealed class SimulatedInvariants
{
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(100);
    private static readonly string[] NoPick = ["no_healthy_backend", "circuit_open", "overloaded"];

    private readonly SimulatedGateway _gateway;
    private readonly Dictionary<(DestinationAvailability, int Epoch), SimulatedAttempt> _trials = [];
    private readonly Dictionary<DestinationAvailability, TimeSpan> _free = [];
    private long _paid;

    public SimulatedInvariants(SimulatedGateway gateway)
    {
        _gateway = gateway;
        gateway.Arrived = Arrived;
        gateway.Settled = Settled;

        // The regular looks of sweeps change something a few times in a run only.
        gateway.Registry.Listen(change =>
        {
            Seen.Add(gateway.Registry.Of(change.Destination).Facts.State.ToString());
            Look();
        });
    }

    /// <summary>What was broken, and when.</summary>
    public List<string> Broken { get; } = [];

    /// <summary>Attempts beyond the first that the budget had to pay.</summary>
    public long Paid => _paid;

    /// <summary>Configurations there were.</summary>
    public int Plans { get; set; } = 1;

    /// <summary>Most that the budgets there were can have paid.</summary>
    public double Allowed { get; set; }

    /// <summary>States destinations were in, ways requests ended and causes of further attempts.</summary>
    public HashSet<string> Seen { get; } = new(StringComparer.Ordinal);

    /// <summary>What a run is told by: two with the same have gone the same way.</summary>
    public HashCode Digest;

    /// <summary>Looks at everything there is to see between two events.</summary>
    public void Look()
    {
        var (pool, ejected) = (0, 0);
        foreach (var member in Members())
        {
            Look(member);
            pool += member.Facts.State == AvailabilityState.Draining ? 0 : 1;
            ejected += member.Facts.IsEjected ? 1 : 0;
        }

        Hold(ejected <= pool / 2, $"{ejected} of {pool} are ejected");
        var left = _gateway.Plan.Retries.Left;
        Hold(left >= -1e-6, $"the budget of retries is {left}");
    }

    /// <summary>Nothing is left of requests once all have ended.</summary>
    public void Rest()
    {
        foreach (var ticket in _gateway.Tickets)
        {
            Hold(ticket.Settled == 1, $"{Name(ticket)} was settled {ticket.Settled} times");
            Hold(ticket.Work.IsCompletedSuccessfully, $"the work on {Name(ticket)} is {ticket.Work.Status} {ticket.Work.Exception}");
        }

        foreach (var member in Members())
        {
            var load = member.Load;
            Hold(
                load is { InFlight: 0, PrefillTokens: 0, OutputTokens: 0, Streamed: 0 },
                $"{load.Id} keeps {load.InFlight} places, {load.PrefillTokens} tokens of prompts, {load.OutputTokens} of answers, {load.Streamed} streams");
        }

        Hold(_gateway.Permits.Taken == 0, $"{_gateway.Permits.Taken} permits are taken");
        Hold(_gateway.Bodies.Reserved == 0, $"{_gateway.Bodies.Reserved} bytes of bodies are held");
        Hold(_gateway.Contexts.InFlight == 0, $"{_gateway.Contexts.InFlight} contexts are not given back");
    }

    /// <summary>The budgets paid for no more than they had.</summary>
    public void Pays() =>
        Hold(Paid <= Allowed + 1e-6, $"{Paid} attempts beyond the first were paid of {Allowed:0.#}");

    /// <summary>Lists <paramref name="what"/> unless <paramref name="holds"/>; only then is it put into words.</summary>
    public void Hold(bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] BrokenRule what)
    {
        if (!holds && Broken.Count < 10)
        {
            Broken.Add($"{_gateway.Time.Now.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture)} s: {what.Text}");
        }
    }

    private static string Name(SimulatedTicket ticket) =>
        $"{ticket.Exchange.Id} ({ticket.Record.Outcome} {ticket.Record.StatusCode} {ticket.Record.ErrorCode}, asked {string.Join(' ', ticket.Attempts.Select(attempt => $"{attempt.Server.Host}:{attempt.Mood}"))})";

    private IReadOnlyList<DestinationAvailability> Members() => _gateway.Availability.Members;

    private void Look(DestinationAvailability member)
    {
        var (facts, word, id) = (member.Facts, member.Word, member.Load.Id);
        Hold(member.Load.InFlight >= 0 && member.Load is { PrefillTokens: >= 0, OutputTokens: >= 0, Streamed: >= 0 }, $"{id} has less than nothing in flight");
        Hold(word.WithTrialOf(default) == AvailabilityWord.Of(facts), $"the word of {id} says {word.State}, its facts {facts.State}");
        Hold(member.Circuit is not { } circuit || CircuitAgreement.Holds(facts, circuit), $"{id} is {facts.State}, its circuit {member.Circuit?.State}");
        Hold(!IsKept(member, facts), $"{id} is ejected since {facts.Since} until {facts.EjectedUntil} and nothing keeps it out");
        Hold(!facts.IsEjected || facts.EjectedUntil - facts.Since <= TimeSpan.FromSeconds(331), $"{id} is ejected until {facts.EjectedUntil}");
    }

    /// <summary>Whether it has been out for a while although its time is over and nothing else speaks against it.</summary>
    private bool IsKept(DestinationAvailability member, in AvailabilityFacts facts)
    {
        if (!facts.IsEjected || facts.IsDead || facts.Yarp != YarpVerdict.None || _gateway.Registry.Now < facts.EjectedUntil)
        {
            _free.Remove(member);
            return false;
        }

        return !_free.TryAdd(member, _gateway.Time.Now) && _gateway.Time.Now - _free[member] > Slack;
    }

    /// <summary>By the documented rule: more than half of those that no operator took out are unavailable.</summary>
    private bool IsPanic()
    {
        var (pool, out_) = (0, 0);
        foreach (var member in Members())
        {
            pool += member.Facts.State == AvailabilityState.Draining ? 0 : 1;
            out_ += member.Facts.State != AvailabilityState.Draining && !member.Facts.IsAvailable ? 1 : 0;
        }

        return out_ * 2 > pool;
    }

    private void Arrived(SimulatedTicket ticket, SimulatedAttempt attempt)
    {
        var destination = attempt.Destination;
        var member = _gateway.Registry.Of(destination);
        var (facts, load) = (member.Facts, member.Load);
        Hold(_gateway.State.Destinations.GetValueOrDefault(destination.DestinationId) == destination, $"{Name(ticket)} was sent to {load.Id}, which left the configuration");
        Hold(!load.IsCooling, $"{Name(ticket)} was sent to {load.Id}, which is cooling");
        Hold(load.Weight > 0, $"{Name(ticket)} was sent to {load.Id}, whose weight is 0");
        Hold(load.InFlight <= load.MaxInFlight, $"{load.Id} has {load.InFlight} of {load.MaxInFlight} requests in flight");
        Hold(ticket.Attempts.TrueForAll(before => before.Destination != destination), $"{Name(ticket)} was sent to {load.Id} a second time");
        Hold(ticket.Settled == 0, $"{Name(ticket)} was sent on after it was settled");
        Hold(!ticket.Exchange.HasStarted || ticket.MayContinue, $"{Name(ticket)} was sent on after its answer had begun");
        if (ticket.Exchange.HasStarted)
        {
            Seen.Add("continued");
        }

        if (!facts.IsAvailable)
        {
            var isCandidate = IsPanic() && facts is { State: AvailabilityState.Ejected or AvailabilityState.HalfOpen, IsDead: false };
            Hold(isCandidate || (facts.State == AvailabilityState.HalfOpen && !facts.IsDead && Try(member, attempt)), $"{Name(ticket)} was sent to {load.Id}, which is {facts.State} ({facts.Reason})");
        }

        if (ticket.Attempts.Count > 0)
        {
            Seen.Add($"again after {ticket.Attempts[^1].Mood}");
        }

        Count(ticket);
        Digest.Add((ticket.Exchange.Id, destination.DestinationId, attempt.At));
    }

    /// <summary>Whether this may be the one request of a half-open destination.</summary>
    private bool Try(DestinationAvailability member, SimulatedAttempt attempt)
    {
        var key = (member, member.Word.Epoch);
        var isFirst = !_trials.TryGetValue(key, out var before) || before.HasEnded || attempt.At - before.At >= DestinationAvailability.TrialLease;
        _trials[key] = attempt;
        return isFirst && member.Word.IsTrialTaken;
    }

    private void Count(SimulatedTicket ticket)
    {
        var limited = ticket.Attempts.Count(before => before.Mood == ServerMood.Limiting);
        Hold(ticket.Attempts.Count + 1 - limited <= ticket.MostAttempts, $"{Name(ticket)} is sent once more than the {ticket.MostAttempts} times it may");
        Hold(limited <= Failover.MostLimited, $"{Name(ticket)} was limited {limited} times");

        // One that was out when it was asked, for its trial, is left for nothing, also if it has come back by now.
        if (ticket.Attempts.Count > 0 && ticket.Attempts[^1] is var last && last.Mood is not (ServerMood.Dead or ServerMood.Unreachable or ServerMood.Limiting)
            && _gateway.Registry.Of(last.Destination).Facts is { IsAvailable: true } facts && facts.ReturnedAt <= last.At)
        {
            _paid++;
        }
    }

    private void Settled(SimulatedTicket ticket)
    {
        var (record, exchange) = (ticket.Record, ticket.Exchange);
        Digest.Add((exchange.Id, record.Outcome, record.StatusCode, ticket.SettledAt));
        Seen.Add(record.Outcome.ToString());
        Hold(ticket.Settled == 1, $"{Name(ticket)} was settled {ticket.Settled} times");
        Hold(record.Attempts == ticket.Attempts.Count, $"{Name(ticket)} counts {record.Attempts} attempts");
        Hold(record.Outcome != Outcome.GatewayError, $"{Name(ticket)} failed by the gateway's fault");
        switch (record.Outcome)
        {
            case Outcome.Ok:
                Hold(IsWhole(ticket), $"{Name(ticket)} has an answer that is not whole: '{exchange.Text}'");
                break;
            case Outcome.ClientCanceled:
                Hold(exchange.HasLeft, $"{Name(ticket)}: the client did not leave");
                break;
            case Outcome.StreamBroken:
                Hold(exchange.HasStarted && !exchange.Text.Contains("[DONE]", StringComparison.Ordinal), $"{Name(ticket)} looks whole");
                break;
            default:
                Hold(record.StatusCode >= 400, $"{Name(ticket)} is an error that says {record.StatusCode}");
                break;
        }

        if (NoPick.Contains(record.ErrorCode, StringComparer.Ordinal))
        {
            Refused(ticket);
        }
    }

    /// <summary>The answer of one server and of no other, from its beginning to its end.</summary>
    private static bool IsWhole(SimulatedTicket ticket)
    {
        var (text, host) = (ticket.Exchange.Text, ticket.Attempts[^1].Server.Host);
        if (ticket.MayContinue && text.StartsWith("data: ", StringComparison.Ordinal))
        {
            return IsContinued([.. ticket.Attempts.Select(attempt => attempt.Server)], text);
        }

        var isMixed = ticket.Attempts.SkipLast(1).Any(before => before.Server.Host != host && text.Contains($"\"{before.Server.Host} ", StringComparison.Ordinal));
        return !isMixed && text.Contains($"\"{host} ", StringComparison.Ordinal) && (text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal) || text.EndsWith("whole\"}}]}", StringComparison.Ordinal));
    }

    /// <summary>
    /// The beginnings of what servers said, one after the other in the order they were asked, each without a gap and once; the last one's whole, and one end. Where that
    /// one broke off after its text, nobody had to be asked for the end.
    /// </summary>
    internal static bool IsContinued(IReadOnlyList<SimulatedServer> asked, string text)
    {
        var rest = text.AsSpan();
        var said = 0;
        foreach (var server in asked)
        {
            said = 0;
            while (rest.StartsWith($$$"""data: {"choices":[{"delta":{"content":"{{{server.Host}}} {{{said}}}"}}]}""" + "\n\n", StringComparison.Ordinal))
            {
                rest = rest[(rest.IndexOf('\n') + 2)..];
                said++;
            }
        }

        return rest is "data: [DONE]\n\n" && said == asked[^1].Events;
    }

    /// <summary>Nobody is told that there is nobody to ask while there is one: by what the gateway knows, and by what is true.</summary>
    private void Refused(SimulatedTicket ticket)
    {
        if (ticket.Record.ErrorCode == "overloaded" && ticket.Attempts.Count == 0 && _gateway.Setup.Cluster.Admission.MaxInFlight is not null)
        {
            return;
        }

        foreach (var member in Members())
        {
            var isAsked = ticket.Attempts.Exists(attempt => attempt.Destination == member.Destination);
            Hold(isAsked || !member.Facts.IsAvailable || !member.Load.IsOpen, $"{Name(ticket)} was refused while {member.Load.Id} is {member.Facts.State} and has room");
            Hold(
                isAsked || !member.Load.IsOpen || member.Facts.State == AvailabilityState.Draining || !_gateway.Server(new Uri(member.Address).Host).IsBlameless,
                $"{Name(ticket)} was refused while {member.Load.Id} was well all the time; it is {member.Facts.State} ({member.Facts.Reason})");
        }
    }
}
