using System.Diagnostics;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>Spans of a request. Without a listener on <see cref="SourceName"/> nothing is created. No prompt, header value, query or key becomes a tag.</summary>
public static class RequestTracing
{
    /// <summary>Name of the activity source.</summary>
    public const string SourceName = "BlazeGateway";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Starts the span of one attempt on a destination; the destination sees it as its parent. Null when nobody listens.</summary>
    /// <param name="cluster">Cluster id.</param>
    /// <param name="destination">Destination id.</param>
    /// <param name="strategy">Load-balancing policy that picked, or null.</param>
    /// <param name="attempt">Number of the attempt, from 1.</param>
    public static Activity? StartAttempt(string cluster, string destination, string? strategy, int attempt)
    {
        var activity = Source.StartActivity("attempt", ActivityKind.Client);
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("blaze.cluster", cluster);
            activity.SetTag("blaze.destination", destination);
            activity.SetTag("blaze.strategy", strategy);
            activity.SetTag("blaze.attempt", attempt);
        }

        return activity;
    }

    /// <summary>Ends an attempt's span.</summary>
    public static void EndAttempt(Activity? attempt, AttemptResult result)
    {
        if (attempt is null)
        {
            return;
        }

        if (result is AttemptResult.Error or AttemptResult.Timeout)
        {
            attempt.SetStatus(ActivityStatusCode.Error);
            attempt.SetTag("error.type", result == AttemptResult.Timeout ? "timeout" : "error");
        }

        attempt.Dispose();
    }

    /// <summary>Writes what happened to a request into its server span.</summary>
    public static void Settled(Activity? server, in AccessRecord record)
    {
        if (server is not { IsAllDataRequested: true })
        {
            return;
        }

        server.SetTag("http.route", record.Route);
        server.SetTag("blaze.cluster", record.Cluster);
        server.SetTag("blaze.destination", record.Destination);
        server.SetTag("blaze.strategy", record.Strategy);
        server.SetTag("blaze.attempts", record.Attempts);
        server.SetTag("blaze.outcome", MetricLabels.OutcomeName(record.Outcome));
        if (record.Model is not null && MetricLabels.OperationName(record.Operation) is { } operation)
        {
            Model(server, record, operation);
        }

        if (record.Outcome is not Outcome.Ok)
        {
            server.SetTag("error.type", MetricLabels.OutcomeName(record.Outcome));
        }
    }

    private static void Model(Activity server, in AccessRecord record, string operation)
    {
        server.DisplayName = operation + " " + record.Model;
        server.SetTag("gen_ai.operation.name", operation);
        server.SetTag("gen_ai.request.model", record.Model);
        server.SetTag("gen_ai.request.stream", record.Stream);
        if (record.TokensIn >= 0)
        {
            server.SetTag("gen_ai.usage.input_tokens", record.TokensIn);
        }

        if (record.TokensOut >= 0)
        {
            server.SetTag("gen_ai.usage.output_tokens", record.TokensOut);
        }
    }
}
