using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline.Continuation;
using BlazeGateway.Policies.Resilience;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Between two attempts on a request: whether another destination is asked, and what has to be forgotten of the first. Everything here runs only for requests
/// whose destination failed. The rules: docs/reference/failover.md.
/// </summary>
internal sealed class Failover(AvailabilityRegistry availability, ModelRouting routing)
{
    /// <summary>Most destinations asked that limit their rate.</summary>
    public const int MostLimited = 8;

    /// <summary>An error when the request has made destinations fail and is not sent on for now.</summary>
    public GatewayError? Check(RequestContext context)
    {
        var poison = context.Cluster!.Poison;
        if (poison.IsEmpty || context.Body.IsEmpty)
        {
            return null;
        }

        if (context.ClusterState!.DestinationsState.AvailableDestinations.Count == 0)
        {
            poison.Clear();
            return null;
        }

        if (!poison.MayWatch(context.Body.Content, out var request))
        {
            return null;
        }

        context.History.Fingerprint = request;
        return poison.IsQuarantined(request) ? GatewayError.PoisonRequest : null;
    }

    /// <summary>Whether a request that waits for the destination of the attempt at hand is sent to another one when that is taken out.</summary>
    public static bool MayLeave(RequestContext context) => IsRepeatable(context) && MayRepeat(context) && HasAttempts(context, RetryCause.Ejected);

    /// <summary>
    /// Called when the head of an answer is here: true when the client is not to see it, because another destination is asked or because the gateway answers itself.
    /// </summary>
    public bool KeepsBack(RequestContext context, HttpResponseMessage answer)
    {
        var cause = RetryCauses.OfStatus((int)answer.StatusCode);
        if (cause == RetryCause.None)
        {
            return false;
        }

        if (cause == RetryCause.RateLimited)
        {
            Cool(context, RetryAfter.Of(answer.Headers, context.Time.GetUtcNow()));
        }

        if (MayTry(context, cause))
        {
            context.History.KeptBack = cause;
            return true;
        }

        // Whoever asked several is told when the first of them takes requests again, not when the last one does.
        return cause == RetryCause.RateLimited && context.History.Limited > 0 && ShortestCooling(context) < TimeSpan.MaxValue;
    }

    /// <summary>Called when an attempt has ended: true when another is to be made, for which the context is ready then.</summary>
    public bool Again(RequestContext context, ForwarderError error)
    {
        var history = context.History;
        if (history.Fingerprint != default && context is { AnswerEnd: AnswerEnd.Complete, Verdict: AttemptOutcome.Answered })
        {
            context.Cluster!.Poison.Absolve(history.Fingerprint);
        }

        if (context.Http.Response.HasStarted)
        {
            return false;
        }

        var cause = history.KeptBack;
        if (cause == RetryCause.None)
        {
            cause = CauseOf(context, error);
            if (cause == RetryCause.None)
            {
                return false;
            }

            if (cause == RetryCause.Broken && IsPoison(context))
            {
                context.Error = GatewayError.PoisonRequest;
                return false;
            }

            if (cause == RetryCause.RateLimited && context.FirstEvent is not null)
            {
                Cool(context, RetryAfter.Shortest);
            }

            if (!MayTry(context, cause))
            {
                if (cause == RetryCause.NotConnected && context.ClusterState!.DestinationsState.AllDestinations.Count > 1 && !HasAnother(context) && !routing.HasFallback(context))
                {
                    // Nobody is there, which is what the client should know: it may come again.
                    context.Error = GatewayError.NoHealthyBackend;
                }
                else if (cause == RetryCause.RateLimited && history.Limited > 0)
                {
                    context.Error = AllCooling(context);
                }

                return false;
            }
        }

        history.WasResent |= cause.MayHaveBegun();
        history.Limited += cause == RetryCause.RateLimited ? 1 : 0;
        context.Cluster!.Metrics.Retried(cause, wasMade: true);
        context.BeginAgain(cause);
        return true;
    }

    /// <summary>Whether the destination of the attempt at hand is there, as far as is known.</summary>
    public DestinationAvailability AvailabilityOf(RequestContext context) => availability.Of(context.Destination!);

    /// <summary>Whether there is an attempt left and a destination for a stream to go on from, whatever that costs.</summary>
    public bool MayContinue(RequestContext context) => IsRepeatable(context) && HasAttempts(context, RetryCause.Broken) && HasAnother(context);

    /// <summary>Why a stream that broke off does not go on from another destination; null when it does, which is paid for.</summary>
    public ContinuationResult? WhyNotContinued(RequestContext context)
    {
        if (context.Deadline.IsOver(context.Time.GetTimestamp()) || !MayContinue(context))
        {
            return ContinuationResult.Exhausted;
        }

        // As with other attempts: a destination that is out already breaks off nothing more.
        var budget = context.Cluster!.Retries;
        if (!availability.IsAvailable(context.Destination!))
        {
            budget.Take();
            return null;
        }

        return budget.TryTake() ? null : ContinuationResult.Budget;
    }

    /// <summary>The error of a request that found no destination, when all that might take it limit their rate: how long until the first does not is noted.</summary>
    public GatewayError? AllCooling(RequestContext context)
    {
        var left = ShortestCooling(context);
        if (left == TimeSpan.MaxValue)
        {
            return null;
        }

        context.History.RetryAfter = RetryAfter.Seconds(left);
        return GatewayError.UpstreamRateLimited;
    }

    /// <summary>The cluster of the next model that may answer in place of the one asked for; null, and nothing changed, when there is none left that can.</summary>
    public ClusterState? NextModel(RequestContext context)
    {
        if (!routing.HasFallback(context) || routing.NextFallback(context) is not { } next)
        {
            return null;
        }

        // Whoever waited for the first cluster gives its turn there to somebody else.
        context.Waiting?.Abandon();
        context.Waiting = null;
        return next;
    }

    private static RetryCause CauseOf(RequestContext context, ForwarderError error)
    {
        if (Departure.Of(context.Http) || Departure.IsTimeout(context.Http))
        {
            return RetryCause.None;
        }

        if (context.FirstEvent is { } first)
        {
            return RetryCauses.OfStatus(first.Status);
        }

        if (context.AnswerEnd is AnswerEnd.Complete)
        {
            return RetryCauses.OfStatus(context.Http.Response.StatusCode) == RetryCause.RateLimited && context.History.Limited > 0 ? RetryCause.RateLimited : RetryCause.None;
        }

        return context.Deadline.Expired switch
        {
            Expiry.Ejected => RetryCause.Ejected,

            // Its client has text already, and waits for the rest as for an answer of 504.
            Expiry.FirstByte when context.Continuation is { WasBroken: true } => RetryCause.Status,
            not Expiry.None => RetryCause.None,
            _ => context.Verdict switch
            {
                AttemptOutcome.ConnectRefused or AttemptOutcome.ConnectFailed => RetryCause.NotConnected,
                AttemptOutcome.BrokenOff when error is ForwarderError.Request or ForwarderError.ResponseBodyDestination or ForwarderError.RequestBodyDestination
                    => ForwardFailure.IsRefusedStream(context) ? RetryCause.NotProcessed : RetryCause.Broken,
                _ => RetryCause.None,
            },
        };
    }

    /// <summary>Whether another destination is asked, and pays for it from the cluster's budget.</summary>
    private bool MayTry(RequestContext context, RetryCause cause)
    {
        if (!IsRepeatable(context, cause) || !HasAttempts(context, cause) || (cause.MayHaveBegun() && !MayRepeat(context))
            || context.Deadline.IsOver(context.Time.GetTimestamp()) || Departure.Of(context.Http) || Departure.IsTimeout(context.Http) || !(HasAnother(context) || routing.HasFallback(context)))
        {
            return false;
        }

        var budget = context.Cluster!.Retries;

        // A destination that is out already breaks off nothing more.
        if (cause.IsFree() || !availability.IsAvailable(context.Destination!))
        {
            budget.Take();
            return true;
        }

        if (budget.TryTake())
        {
            return true;
        }

        context.Cluster.Metrics.Retried(cause, wasMade: false);
        context.Continuation?.LacksBudget();
        return false;
    }

    private static bool HasAttempts(RequestContext context, RetryCause cause) => cause == RetryCause.RateLimited
        ? context.Route.Options.Retry.MaxAttempts > 1 && context.History.Limited < MostLimited
        : context.Record.Attempts - context.History.Limited < context.Route.Options.Retry.MaxAttempts;

    /// <summary>
    /// Whether the body can be sent once more: there is none, it is held, or nothing of it was read because there was no connection. A server may refuse our certificate
    /// only after it has read the request (TLS 1.3).
    /// </summary>
    private static bool IsRepeatable(RequestContext context, RetryCause cause = RetryCause.Broken) =>
        context.IsInference ? !context.Body.IsEmpty : !context.IsUpload || (cause == RetryCause.NotConnected && context.Error != GatewayError.UpstreamTlsFailed);

    /// <summary>Whether what may have begun is asked for once more. Of a stream that is continued the text so far is known, so that nothing of it comes twice.</summary>
    private static bool MayRepeat(RequestContext context) => context.Continuation is { IsContinued: true } || (!context.History.WasResent && MayResend(context));

    private static bool MayResend(RequestContext context) => context.Route.Options.Retry.AfterSend
        ?? (context.IsInference
            ? context.Record.Operation != Operation.Responses && context.Facts is { Store: false, Background: false }
            : IsSafe(context.Http));

    // An upgraded connection is no answer that could be had twice.
    private static bool IsSafe(HttpContext http) =>
        (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) || HttpMethods.IsOptions(http.Request.Method))
        && http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true };

    private bool HasAnother(RequestContext context)
    {
        var cluster = context.ClusterState!;
        if (cluster.DestinationsState.AvailableDestinations is not CandidateSet set)
        {
            return false;
        }

        // Asked with every event of a stream that may be continued: no list of the candidates is made, and the first one ends it.
        var (areAlike, isAnyWelcoming, mayOther) = (routing.AreAlike(context, cluster), false, false);
        for (var i = 0; i < set.Count; i++)
        {
            var candidate = set[i];
            var candidacy = areAlike ? Candidacy.Welcoming : routing.CandidacyOf(context, candidate);
            isAnyWelcoming |= candidacy == Candidacy.Welcoming;
            if (candidacy == Candidacy.None || (candidacy == Candidacy.Serving && isAnyWelcoming)
                || candidate == context.Destination || context.History.Tried.Contains(candidate) || !set.Loads.MayTake(availability.Of(candidate).Load))
            {
                continue;
            }

            if (candidacy == Candidacy.Welcoming)
            {
                return true;
            }

            mayOther = true;
        }

        if (mayOther && !isAnyWelcoming)
        {
            return true;
        }

        return !set.IsCalm && DestinationPick.CanBeTried(context, set, routing);
    }

    /// <summary>Sends the destination at hand nothing for a while. Where there is one only, its limits are its clients' to deal with.</summary>
    private void Cool(RequestContext context, TimeSpan time)
    {
        if (context.ClusterState!.DestinationsState.AllDestinations.Count > 1)
        {
            availability.Of(context.Destination!).Cool(time * (0.9 + (0.2 * availability.Chance.Next())));
        }
    }

    private TimeSpan ShortestCooling(RequestContext context)
    {
        var cluster = context.ClusterState!;
        var candidates = routing.Candidates(context, cluster, cluster.DestinationsState.AvailableDestinations);
        var shortest = TimeSpan.MaxValue;
        for (var i = 0; i < candidates.Count; i++)
        {
            var left = availability.Of(candidates[i]).CoolingLeft;
            shortest = left > TimeSpan.Zero && left < shortest ? left : shortest;
        }

        return shortest;
    }

    private bool IsPoison(RequestContext context)
    {
        // A server that answers before it has read all and closes, or whose answer is no HTTP, has not been broken by what was asked.
        if (context.Body.IsEmpty || !context.Replay.IsRead || context.Error == GatewayError.UpstreamProtocolError)
        {
            return false;
        }

        var (history, poison) = (context.History, context.Cluster!.Poison);
        var isSame = history.HasBroken;
        history.HasBroken = true;
        history.Fingerprint = history.Fingerprint == default ? poison.Fingerprint(context.Body.Content) : history.Fingerprint;
        return poison.Blame(history.Fingerprint, context.Destination!.DestinationId, context.Record.Started + context.Record.BeforeForward, isSame);
    }
}
