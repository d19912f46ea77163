using System.Diagnostics;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using BlazeGateway.Policies.Pipeline.Connections;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Step Attempt: picks a destination, forwards, and tells how it went. What <see cref="TryBegin"/> takes, <see cref="End"/> gives back,
/// whatever happens between them.
/// </summary>
internal sealed class Attempt(DestinationTallies tallies, DestinationPick pick, IHttpForwarder forwarder, DecisionRecorder decisions, TrustLog trust)
{
    // Part of the time between chunks that a client may have held them up.
    private const int MostHeld = 10;

    /// <summary>Picks and takes hold of what the attempt needs; an error when there is nothing to pick.</summary>
    public GatewayError? TryBegin(RequestContext context, ClusterState cluster, IReverseProxyFeature feature, out AttemptHold hold)
    {
        hold = default;
        var plan = context.Cluster!;
        var before = context.Time.GetTimestamp();
        if (context is { IsInference: true, Tokens: null } && cluster.DestinationsState.AvailableDestinations is CandidateSet candidates)
        {
            context.Estimate(candidates.Loads, plan);
        }

        var tally = Decide(context, cluster, feature, plan, before);
        if (tally is null)
        {
            return pick.IsFull(context, cluster, plan) ? GatewayError.Overloaded : context.Failover!.AllCooling(context) ?? DestinationPick.NothingIn(cluster);
        }

        var destination = tally.Availability.Destination;
        var now = context.Time.GetTimestamp();
        ref var record = ref context.Record;
        record.Pick = now - before;
        record.Strategy = plan.Policy.Name;
        record.Destination = destination.DestinationId;
        record.Attempts++;
        record.BeforeForward = now - record.Started;
        context.Destination = destination;
        feature.ProxiedDestination = destination;
        var state = tally.Availability;
        if (context.IsInference)
        {
            context.Deadline.BeginAttempt(now + FirstByteTicks(context, plan), now, context.Facts.Stream ? tally.Availability.Load : null);
            Rewind(context);
        }

        if (Failover.MayLeave(context))
        {
            context.Deadline.WaitFor(state, (context.Trial?.Word ?? state.Word).Epoch);
        }

        var trace = RequestTracing.StartAttempt(plan.ClusterId, destination.DestinationId, record.Strategy, record.Attempts);
        hold = new AttemptHold(plan.Connections.Hold(), tally, state, context.Trial?.Word ?? state.Word.WithTrial(false), trace, now);
        context.Learning = new AnswerSample(state, hold.Picked, state.Load.Times.Of(context.ModelKey));
        tally.Begin(record.Strategy, record.Pick);
        return null;
    }

    /// <summary>Forwards to the destination picked. The answer is on its way to the client when this ends.</summary>
    public ValueTask<ForwarderError> SendAsync(RequestContext context, in AttemptHold hold) =>
        forwarder.SendAsync(
            context.Http,
            context.Destination!.Model.Config.Address,
            hold.Connections.Invoker,
            context.IsInference ? context.Cluster!.Inference : context.Route.Plain,
            context.Transformer,
            context.Deadline.Request);

    /// <summary>Gives back what <see cref="TryBegin"/> took, tells what came of the attempt and counts it.</summary>
    public void End(RequestContext context, ClusterState cluster, in AttemptHold hold, ForwarderError error)
    {
        context.Deadline.Clear();
        hold.Connections.Release();
        ForwardFailure.Note(context, error);
        var result = Result(context, error);
        var now = context.Time.GetTimestamp();
        context.Place.Release(context.ClockAt(now));
        hold.Tally.End(result, now - hold.Began);
        RequestTracing.EndAttempt(hold.Trace, result);
        var verdict = AttemptVerdict.Of(context, error);
        context.Verdict = verdict;
        Learn(context, hold, verdict, now);
        trust.Look(context.Note.Memory, context.Cluster!.ClusterId, context.ClockAt(now));
        hold.Availability.Ended(hold.Picked, verdict);
        context.Trial = null;
        if (!WasRefused(context))
        {
            context.Cluster!.Passive?.RequestProxied(context.Http, cluster, context.Destination!);
        }
    }

    /// <summary>A client that has text already waits for the rest no longer than between two chunks, whoever sends them.</summary>
    private static long FirstByteTicks(RequestContext context, ClusterPlan plan)
    {
        var ticks = context.Route.FirstByteTicks ?? plan.FirstByteTicks;
        return context.Continuation is { WasBroken: true } ? Math.Min(ticks, context.Route.BetweenChunksTicks ?? plan.BetweenChunksTicks) : ticks;
    }

    /// <summary>Picks, and records it where decisions are recorded.</summary>
    private DestinationTally? Decide(RequestContext context, ClusterState cluster, IReverseProxyFeature feature, ClusterPlan plan, long at)
    {
        DecisionFacts.Follow(context);
        if (decisions.Begin() is not { } slot)
        {
            return Take(context, cluster, feature, plan, at);
        }

        context.Deciding = slot;
        try
        {
            var tally = Take(context, cluster, feature, plan, at);
            pick.TellLeftOut(context, cluster, slot, plan.Policy);
            slot.Decision.Destination = tally?.Availability.Destination.DestinationId;
            return tally;
        }
        finally
        {
            DecisionFacts.Describe(ref slot.Decision, context, plan, at);
            context.Deciding = null;
            context.Decided = new PublishedDecision(slot, slot.Publish());
        }
    }

    /// <summary>Picks a destination and takes a place on it; null when there is none.</summary>
    private DestinationTally? Take(RequestContext context, ClusterState cluster, IReverseProxyFeature feature, ClusterPlan plan, long at)
    {
        for (var tries = 0; tries < Strategy.MostTries; tries++)
        {
            if (pick.Pick(context, cluster, feature, plan.Policy) is not { } destination)
            {
                return null;
            }

            var tally = tallies.Of(destination, plan.ClusterId);
            if (plan.Policy is not Strategy)
            {
                context.Place.Take(tally.Availability.Load, context.Work, context.ClockAt(at));
                return tally;
            }

            var load = tally.Availability.Load;
            if (context.Place.TryTake(load, context.WorkOn(load), context.ClockAt(at)))
            {
                context.Sent(load);
                return tally;
            }

            // Others took its last place since it was picked.
            context.Trial?.Abandon();
            context.Trial = null;
            context.Note = default;
        }

        return null;
    }

    /// <summary>A failure counts as what it costs: a server that fails at once must not look quick. Linkerd and Finagle take the same 5 s.</summary>
    private static void Learn(RequestContext context, in AttemptHold hold, AttemptOutcome verdict, long ended)
    {
        var sample = context.Learning;
        context.Learning = default;
        var waited = context.Time.GetElapsedTime(hold.Began, ended).TotalSeconds;
        var hasBegun = context.Record.ToHeaders >= 0;
        var now = context.ClockAt(ended);
        switch (verdict)
        {
            case AttemptOutcome.Answered when AnswerSample.IsRefusal(context.AnswerStatus(), ofClientsKey: !context.Route.KeysEndHere):
                sample.Fail(now, PickNote.Penalty, context.Note);
                break;
            case AttemptOutcome.Answered when context.IsInference && context.AnswerStatus() < StatusCodes.Status400BadRequest:
                LearnAnswer(context, hold, sample, now, waited);
                break;
            case AttemptOutcome.Answered:
                break;
            case AttemptOutcome.Nothing:
                sample.AddAtLeast(now, hasBegun || context.IsUpload ? 0 : waited);
                break;
            default:
                sample.Fail(now, hasBegun ? PickNote.Penalty : Math.Max(PickNote.Penalty, waited), context.Note);
                break;
        }
    }

    /// <summary>
    /// Of a stream the first chunk is told when it comes, and how far apart the others came when it ends. A document comes when all of it is made: what was
    /// needed to make it is taken off as far as that is known.
    /// </summary>
    private static void LearnAnswer(RequestContext context, in AttemptHold hold, in AnswerSample sample, TimeSpan now, double waited)
    {
        ref var record = ref context.Record;
        ref var scanner = ref context.Scanner;
        var usage = scanner.Usage;
        if (scanner.ContentChunks > 0)
        {
            usage = usage.Completion < 0 ? usage with { Completion = scanner.ContentChunks } : usage;
            // A client that reads slowly says nothing of the server.
            if (scanner.ContentChunks > 1 && record.Generation > 0 && record.Held <= record.Generation / MostHeld)
            {
                sample.AddPerChunk(now, context.Time.GetElapsedTime(0, record.Generation).TotalSeconds / (scanner.ContentChunks - 1), context.Note);
            }
        }
        else if (record.ToFirstContent >= 0)
        {
            var came = context.Time.GetElapsedTime(0, record.ToFirstContent - record.BeforeForward).TotalSeconds;
            sample.Add(now, Math.Max(came / 10, came - (sample.PerChunk * Math.Max(0, usage.Completion - 1))), context.Note);
        }
        else
        {
            sample.Add(now, waited, context.Note);
        }

        if (context.Continuation is { IsContinued: true })
        {
            // Its prompt is longer than what the request says, and its answer shorter.
            return;
        }

        context.Tokens?.Learn(context.Facts, usage, isWhole: context.AnswerEnd == AnswerEnd.Complete);
        if (!context.Prefix.IsEmpty && usage.Prompt > 0 && sample.IsCurrent)
        {
            hold.Availability.Load.Prefix.Answered(context.Forecast, usage.Prompt, context.Facts.PromptBytes, usage.Cached);
        }
    }

    private static AttemptResult Result(RequestContext context, ForwarderError error)
    {
        if (context.FirstEvent is { } first)
        {
            return first.IsServerFault ? AttemptResult.Error : AttemptResult.Ok;
        }

        if (context.AnswerEnd == AnswerEnd.Complete)
        {
            return ErrorStatuses.IsServerFault(context.AnswerStatus()) ? AttemptResult.Error : AttemptResult.Ok;
        }

        if (error == ForwarderError.RequestTimedOut || context.Error?.Status == StatusCodes.Status504GatewayTimeout)
        {
            return AttemptResult.Timeout;
        }

        return WasRefused(context) ? AttemptResult.Canceled : AttemptResult.Error;
    }

    /// <summary>The request could not be sent on, or not to its end, through no fault of the destination.</summary>
    private static bool WasRefused(RequestContext context) =>
        context.Error is { } error && (error.Status < StatusCodes.Status500InternalServerError || error == GatewayError.Overloaded);

    private static void Rewind(RequestContext context)
    {
        if (context.Body.IsEmpty)
        {
            return;
        }

        var request = context.Http.Request;
        if (context.Continuation?.Body is { } longer)
        {
            request.Body = new MemoryStream(longer, writable: false);
            request.ContentLength = longer.Length;
            return;
        }

        request.Body = context.Rewind();
        request.Headers.TransferEncoding = default;
        request.ContentLength = context.Body.Length + context.Splices.Growth;
    }
}

/// <summary>What one attempt holds while it runs.</summary>
/// <param name="Connections">Connections it uses.</param>
/// <param name="Tally">Where it counts as in flight.</param>
/// <param name="Availability">Whom it tells how it went.</param>
/// <param name="Picked">The word the destination was picked by.</param>
/// <param name="Began">Timestamp of its beginning.</param>
/// <param name="Trace">Its span, null when nobody listens.</param>
internal readonly record struct AttemptHold(
    ConnectionGeneration Connections, DestinationTally Tally, DestinationAvailability Availability, AvailabilityWord Picked, Activity? Trace, long Began);
