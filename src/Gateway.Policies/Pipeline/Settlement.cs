using System.Diagnostics;
using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Step Settle: decides how the request ended, counts it, and hands its record to the access log. Runs once per request, whatever happened.</summary>
internal sealed class Settlement(RequestMetrics metrics, IAccessLog log, RequestId ids)
{
    private const int ClientClosedRequest = 499;

    /// <summary>The request began.</summary>
    public void Begin(RequestContext context)
    {
        ref var record = ref context.Record;
        metrics.Started(record.Method);
        record.RequestId = ids.Assign(context.Http);
        record.TraceId = Activity.Current?.TraceId.ToHexString() ?? TraceParent.TraceIdOf(context.Http.Request.Headers.TraceParent);
    }

    /// <summary>The request ended.</summary>
    public void Settle(RequestContext context)
    {
        context.Leases.Release();
        ref var record = ref context.Record;
        record.Duration = context.Elapsed();
        record.StatusCode = context.Http.Response.StatusCode;
        record.ErrorCode = context.Error?.Code;
        record.Outcome = OutcomeOf(context);
        if (record.Outcome == Outcome.ClientCanceled)
        {
            record.StatusCode = ClientClosedRequest;
        }

        if (context.IsInference && record.ToHeaders >= 0)
        {
            Usage(context, ref record);
        }

        var model = record is { Model: { } name, Attempts: > 0 } ? context.Cluster!.Metrics.Model(name, record.Operation) : null;
        metrics.Settled(record, context.Route.Metrics, model);
        if (context.IsUpgraded)
        {
            metrics.UpgradeEnded();
        }

        RequestTracing.Settled(Activity.Current, record);
        log.Write(record);
    }

    private static Outcome OutcomeOf(RequestContext context)
    {
        if (context.AnswerEnd is AnswerEnd.BrokenAtFrame)
        {
            return Outcome.StreamBroken;
        }

        if (context.Http.RequestAborted.IsCancellationRequested && context.AnswerEnd != AnswerEnd.Complete && context.Error is null)
        {
            return context.AnswerEnd == AnswerEnd.Broken && context.Deadline.Expired != Expiry.None ? Outcome.StreamBroken : Outcome.ClientCanceled;
        }

        if (context.AnswerEnd is AnswerEnd.Broken && context.Http.Response.HasStarted)
        {
            return Outcome.StreamBroken;
        }

        return context.Error is { } error ? OutcomeOf(error) : OutcomeOf(context.Http.Response.StatusCode);
    }

    private static Outcome OutcomeOf(GatewayError error) => error.Status switch
    {
        StatusCodes.Status503ServiceUnavailable when error == GatewayError.NoHealthyBackend || error == GatewayError.Overloaded => Outcome.NoBackend,
        StatusCodes.Status503ServiceUnavailable => Outcome.GatewayError,
        StatusCodes.Status500InternalServerError => Outcome.GatewayError,
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
