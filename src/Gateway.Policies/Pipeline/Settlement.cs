using System.Diagnostics;
using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Step Settle: decides how the request ended, counts it, and hands its record to the access log. Runs once per request, whatever happened.</summary>
internal sealed class Settlement(RequestMetrics metrics, IAccessLog log, RequestId ids)
{
    /// <summary>The request began.</summary>
    public void Begin(RequestContext context)
    {
        ref var record = ref context.Record;
        metrics.Started(record.Method);
        record.RequestId = ids.Assign(context.Http);
        record.TraceId = Activity.Current?.TraceId.ToHexString() ?? TraceParent.TraceIdOf(context.Http.Request.Headers.TraceParent);
    }

    /// <summary>Why a request is refused while memory is short; null when it may go on.</summary>
    public GatewayError? ShortOfMemory(RequestContext context)
    {
        if (context.Memory == MemoryState.Short && context.Http.Request.ContentLength is null or <= MemoryPressure.MostBody)
        {
            return null;
        }

        metrics.MemoryShed();
        return GatewayError.Overloaded;
    }

    /// <summary>The request ended.</summary>
    public void Settle(RequestContext context)
    {
        context.Leases.Release();
        ref var record = ref context.Record;
        record.Duration = context.Elapsed();
        record.StatusCode = context.Http.Response.StatusCode;
        record.ErrorCode = context.Error?.Code;
        if (context.IsInference && record.ToHeaders >= 0)
        {
            Usage(context, ref record);
            context.Cluster!.Admission?.Settle(context);
        }

        record.Outcome = OutcomeOf(context);
        if (record.Outcome == Outcome.ClientCanceled)
        {
            record.StatusCode = GatewayError.ClientClosedRequest.Status;
        }

        DecisionFacts.Settle(context);
        context.Continuation?.Correct(ref record);
        var model = record is { Model: { } name, Attempts: > 0 } ? context.Cluster!.Metrics.Model(name, record.Operation) : null;
        metrics.Settled(record, context.Route.Metrics, model);
        if (context.IsUpgraded)
        {
            metrics.UpgradeEnded();
        }

        RequestTracing.Settled(Activity.Current, record);
        log.Write(record);
    }

    private static Outcome OutcomeOf(RequestContext context) => context switch
    {
        { AnswerEnd: AnswerEnd.Broken or AnswerEnd.BrokenAtFrame } => Outcome.StreamBroken,
        { Error: { } error } => OutcomeOf(error),
        _ => OutcomeOf(context.AnswerStatus()),
    };

    private static Outcome OutcomeOf(GatewayError error) => error.Status switch
    {
        StatusCodes.Status503ServiceUnavailable when error == GatewayError.NoHealthyBackend || error == GatewayError.Overloaded || error == GatewayError.QueueTimeout => Outcome.NoBackend,
        StatusCodes.Status503ServiceUnavailable when error == GatewayError.CircuitOpen => Outcome.CircuitOpen,
        StatusCodes.Status503ServiceUnavailable => Outcome.GatewayError,
        StatusCodes.Status500InternalServerError => Outcome.GatewayError,
        StatusCodes.Status499ClientClosedRequest => Outcome.ClientCanceled,
        StatusCodes.Status504GatewayTimeout => Outcome.Timeout,
        _ => OutcomeOf(error.Status),
    };

    private static Outcome OutcomeOf(int status) => status switch
    {
        < 400 => Outcome.Ok,
        StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden => Outcome.Unauthorized,
        StatusCodes.Status429TooManyRequests => Outcome.RateLimited,
        < 500 => Outcome.ClientError,
        _ => Outcome.BackendError,
    };

    private static void Usage(RequestContext context, ref AccessRecord record)
    {
        ref var scanner = ref context.Scanner;
        scanner.Complete();
        var usage = scanner.Usage;
        record.TokensIn = usage.Prompt;
        record.TokensCached = usage.Cached;
        record.TokensOut = usage.Completion >= 0 || !record.Stream || record.ToFirstContent < 0 ? usage.Completion : scanner.ContentChunks;
    }
}
