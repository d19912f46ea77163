using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// The way of one request, from end to end: Guard, Identify, Limit, Peek, Admit, Attempt, Settle. One asynchronous frame around YARP's forwarder;
/// steps that have nothing to wait for complete at once, and a step a route does not use is not run for it.
/// </summary>
internal sealed partial class RequestPipeline(
    PlanCache plans, RequestContextPool pool, PeekStep peek, Attempt attempt, Settlement settlement, ILogger<RequestPipeline> logger)
{
    /// <summary>Terminal middleware of the proxy's pipeline.</summary>
    public Task InvokeAsync(HttpContext http)
    {
        var feature = http.GetReverseProxyFeature();
        var plan = plans.For(feature.Route);
        var context = pool.Rent();
        context.Begin(http, plan);
        return RunAsync(context, feature);
    }

    private async Task RunAsync(RequestContext context, IReverseProxyFeature feature)
    {
        bool isCut;
        try
        {
            settlement.Begin(context);
            Receive(context);
            var cluster = feature.Route.Cluster;
            if (context.Error is null && context.Route.IsInference && peek.Applies(context))
            {
                var peeking = peek.RunAsync(context, cluster!);
                cluster = peeking.IsCompletedSuccessfully ? peeking.Result : await peeking;
            }

            var goesOn = context.Error is null && cluster is not null && Enters(context, cluster);
            while (goesOn)
            {
                context.Error = TryBegin(context, cluster!, feature, out var hold);
                if (context.Error is not null)
                {
                    goesOn = TakesTurn(context) || FallsBack(context, ref cluster) || (context.Error == GatewayError.Overloaded && await context.Cluster!.Admission!.WaitAsync(context));
                    continue;
                }

                var error = ForwarderError.RequestCreation;
                try
                {
                    error = await attempt.SendAsync(context, hold);
                }
                finally
                {
                    attempt.End(context, cluster!, hold, error);
                }

                TellWhy(context, error);
                goesOn = context.Failover!.Again(context, error) || context.Continuation?.GoesOn() == true;
            }

            await (context.Continuation?.CloseAsync() ?? default);
            if (context.Error is not null || context.FirstEvent is not null)
            {
                await AnswerAsync(context);
            }
        }
        catch (Exception exception)
        {
            await FailAsync(context, exception);
        }
        finally
        {
            isCut = End(context);
        }

        if (isCut)
        {
            throw new AnswerCutException(null);
        }
    }

    /// <summary>Settles the request and gives its context back. True when its answer broke off and must not get an end.</summary>
    private bool End(RequestContext context)
    {
        try
        {
            settlement.Settle(context);
            return context.AnswerEnd is AnswerEnd.Broken or AnswerEnd.BrokenAtFrame
                && context.Http.Response.HasStarted
                && context.Http.Features.Get<IHttpResetFeature>() is DeferredReset;
        }
        finally
        {
            pool.Return(context);
        }
    }

    /// <summary>What is decided before the body is read: a client's limits hold for what it uploads slowly, too.</summary>
    private void Receive(RequestContext context)
    {
        context.Error = Guard.Check(context);
        IdentifyStep.Run(context);
        context.Error ??= (context.Memory == MemoryState.Calm ? null : settlement.ShortOfMemory(context)) ?? context.Route.Limits?.Take(context);
    }

    private bool Enters(RequestContext context, ClusterState state)
    {
        var cluster = plans.For(state);
        context.Served = null;
        context.ClusterState = state;
        context.Cluster = cluster;
        context.Record.Cluster = cluster.ClusterId;
        cluster.Retries.Deposit();
        context.Error = context.Failover!.Check(context);
        return context.Error is null;
    }

    private GatewayError? TryBegin(RequestContext context, ClusterState cluster, IReverseProxyFeature feature, out AttemptHold hold)
    {
        hold = default;
        if (context.Record.Attempts > 0 || context.Waiting is not null)
        {
            // Destinations may have moved since the last attempt or during the wait; credentials and connections have to be those of their new place.
            context.Cluster = plans.For(cluster);
        }

        if (context.Cluster!.Admission is not { } admission)
        {
            // Its bounds were taken away while it waited: it has no turn to wait for, and takes nobody's.
            context.Waiting?.Abandon();
            context.Waiting = null;
            context.ReturnPermit();
            return attempt.TryBegin(context, cluster, feature, out hold);
        }

        return admission.Tried(context, admission.Enter(context) ?? attempt.TryBegin(context, cluster, feature, out hold));
    }

    /// <summary>Who may go to another model waits for no turn here, but goes past those that wait for destinations it does not need.</summary>
    private static bool TakesTurn(RequestContext context) =>
        context.History.HasFallback && context.Waiting is null && context.Error == GatewayError.Overloaded && context.Cluster!.Admission!.TakesTurn(context);

    /// <summary>Where no destination is left for a model, the next one that may answer in its place is asked.</summary>
    private bool FallsBack(RequestContext context, ref ClusterState? cluster)
    {
        if (context.Failover!.NextModel(context) is not { } next)
        {
            return false;
        }

        cluster = next;
        return Enters(context, next);
    }

    private void TellWhy(RequestContext context, ForwarderError error)
    {
        if (context.Error != GatewayError.InternalError)
        {
            return;
        }

        var cause = context.Http.Features.Get<IForwarderErrorFeature>()?.Exception;
        Log.Failed(logger, context.Record.RequestId, context.Record.Route, cause?.GetType().FullName ?? error.ToString());
    }

    private static Task AnswerAsync(RequestContext context)
    {
        if (context.Error == GatewayError.ClientClosedRequest)
        {
            // Left alone, the server would send an empty 200 to a client that closed its side only.
            context.Http.Abort();
            return Task.CompletedTask;
        }

        return context is { FirstEvent: { } first, Error: null }
            ? ErrorAnswer.WriteAsync(context.Http, first.Status, first.Code, first.Body, first.WantsRetryAfter, context.Record.Attempts)
            : ErrorAnswer.WriteAsync(context.Http, context.Error!, context.ErrorMessage, context.History.RetryAfter, context.Record.Attempts);
    }

    private async Task FailAsync(RequestContext context, Exception exception)
    {
        context.Continuation?.Uncover();
        if (Departure.Of(context.Http))
        {
            context.Error = GatewayError.ClientClosedRequest;
            context.Http.Abort();
            return;
        }

        if (exception is OperationCanceledException && Departure.IsTimeout(context.Http) && !context.Http.Response.HasStarted)
        {
            context.Error = GatewayError.UpstreamTimeout;
            await ErrorAnswer.WriteAsync(context.Http, context.Error);
            return;
        }

        // Only the type: a message may quote what the client sent.
        Log.Failed(logger, context.Record.RequestId, context.Record.Route, exception.GetType().FullName!);
        context.Error = GatewayError.InternalError;
        if (context.Http.Response.HasStarted)
        {
            context.Http.Abort();
            return;
        }

        await ErrorAnswer.WriteAsync(context.Http, GatewayError.InternalError);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Request {RequestId} on route '{Route}' failed in the gateway: {Exception}.")]
        public static partial void Failed(ILogger logger, string requestId, string route, string exception);
    }
}
