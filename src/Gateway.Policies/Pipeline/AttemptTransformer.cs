using System.Net;
using System.Net.Http.Headers;
using System.Text;
using BlazeGateway.Policies.Destinations.Reports;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline.Continuation;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Stands between YARP's forwarder and the route's own transforms for one request: makes what is sent fit the destination, and sets the
/// answer up to be watched. One object per request context, so nothing is looked up or allocated to reach it.
/// </summary>
internal sealed class AttemptTransformer(RequestContext context) : HttpTransformer
{
    private const string Buffering = "X-Accel-Buffering";

    /// <inheritdoc />
    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        var transforms = context.Route.Transformer.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        if (!transforms.IsCompletedSuccessfully)
        {
            return FinishRequestAsync(transforms, proxyRequest, destinationPrefix);
        }

        transforms.GetAwaiter().GetResult();
        FinishRequest(proxyRequest, destinationPrefix);
        return default;
    }

    /// <inheritdoc />
    public override ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var now = context.Time.GetTimestamp();
        if (proxyResponse is not null)
        {
            context.Came(now);
            context.Record.ToHeaders = now - context.Record.Started - context.Record.BeforeForward;
            context.Trial?.Answered((int)proxyResponse.StatusCode);
            if (context.Failover?.KeepsBack(context, proxyResponse) == true || context.Continuation?.Refuses(proxyResponse) == true)
            {
                return new(false);
            }
        }

        var transforms = context.Route.Transformer.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (proxyResponse is null)
        {
            return transforms;
        }

        if (!context.IsInference)
        {
            context.Deadline.Clear();
            context.FirstChunk(now);
            context.Place.Unwatch();
        }

        if (!transforms.IsCompletedSuccessfully)
        {
            return FinishResponseAsync(transforms, httpContext, proxyResponse);
        }

        if (transforms.GetAwaiter().GetResult())
        {
            FinishResponse(httpContext, proxyResponse);
            return new(true);
        }

        return new(false);
    }

    /// <inheritdoc />
    public override ValueTask TransformResponseTrailersAsync(HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken) =>
        context.Route.Transformer.TransformResponseTrailersAsync(httpContext, proxyResponse, cancellationToken);

    private async ValueTask FinishRequestAsync(ValueTask transforms, HttpRequestMessage proxyRequest, string destinationPrefix)
    {
        await transforms;
        FinishRequest(proxyRequest, destinationPrefix);
    }

    private async ValueTask<bool> FinishResponseAsync(ValueTask<bool> transforms, HttpContext httpContext, HttpResponseMessage proxyResponse)
    {
        var copy = await transforms;
        if (copy)
        {
            FinishResponse(httpContext, proxyResponse);
        }

        return copy;
    }

    private void FinishRequest(HttpRequestMessage proxyRequest, string destinationPrefix)
    {
        if (OutgoingHeaders.Clean(proxyRequest, context) is { } error)
        {
            context.Error = error;

            // YARP forwards nothing once a status is set.
            context.Http.Response.StatusCode = error.Status;
            return;
        }

        Shape(proxyRequest, destinationPrefix);
    }

    private void Shape(HttpRequestMessage proxyRequest, string destinationPrefix)
    {
        var shape = context.Cluster!.Shape;
        shape.Credentials.Apply(context.Destination!.DestinationId, proxyRequest.Headers);
        if (context.Cluster.AsksLoad && context.IsInference && !AskedLoad())
        {
            proxyRequest.Headers.TryAddWithoutValidation(LoadHeader.Format, "text");
        }

        if (!shape.IsAzure)
        {
            return;
        }

        var request = context.Http.Request;
        var model = context.IsInference ? context.Model?.Rewrite ?? Encoding.ASCII.GetString(context.Facts.Model) : null;
        if (!shape.TryShape(request.Path, request.QueryString, model, out var path, out var query))
        {
            context.Error = GatewayError.ModelNotFound;
            context.ErrorMessage = model is null ? null : UnknownModel.Describe(context.Dialect, model);
            context.Http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        proxyRequest.RequestUri = RequestUtilities.MakeDestinationAddress(destinationPrefix, path, query);
    }

    private void FinishResponse(HttpContext httpContext, HttpResponseMessage answer)
    {
        var headers = httpContext.Response.Headers;
        headers[RequestId.Header] = context.Record.RequestId;
        foreach (var header in answer.Headers.NonValidated)
        {
            if (header.Key.StartsWith(BlazeHeaders.Prefix, StringComparison.OrdinalIgnoreCase))
            {
                headers.Remove(header.Key);
            }
        }

        if (context.Cluster!.ReadsLoad)
        {
            ReadLoad(answer, headers);
        }

        Tell(headers);

        if (answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.ResetContent)
        {
            // There is no body, whatever its length is said to be; the server takes either one, or its absence, for a fault of ours.
            headers.ContentLength = null;
            answer.Content.Dispose();
            answer.Content = null;
        }

        if (answer.StatusCode == HttpStatusCode.SwitchingProtocols || (answer.StatusCode == HttpStatusCode.OK && HttpMethods.IsConnect(httpContext.Request.Method)))
        {
            context.Upgraded();
            context.Place.Unwatch();
            return;
        }

        if (!context.IsInference || answer.Content is null)
        {
            return;
        }

        var framing = FramingOf(answer.Content.Headers);
        if (framing is not null)
        {
            headers[Buffering] = "no";
            if (headers.CacheControl.Count == 0)
            {
                headers.CacheControl = "no-cache, no-transform";
            }
        }

        if (context.Route.Options.Response.ServerTiming)
        {
            headers[ServerTiming.Header] = ServerTiming.Format(context);
        }

        Observe(answer, headers, framing);
    }

    private void Tell(IHeaderDictionary headers)
    {
        BlazeHeaders.TellAttempts(headers, context.Record.Attempts);
        if (context.Route.Options.Response.DestinationHeader)
        {
            headers[BlazeHeaders.Destination] = context.Destination!.DestinationId;
        }

        if (context.Route.Options.Response.DecisionHeader)
        {
            headers[BlazeHeaders.Decision] = DecisionFacts.Text(context);
        }
    }

    private bool AskedLoad() => context.Http.Request.Headers.ContainsKey(LoadHeader.Format);

    private void ReadLoad(HttpResponseMessage answer, IHeaderDictionary headers)
    {
        if (!answer.Headers.NonValidated.TryGetValues(LoadHeader.Name, out var told))
        {
            return;
        }

        if (LoadHeader.TryRead(told.ToString(), out var load))
        {
            context.Learning.Told(context.Clock, load);
        }

        if (!AskedLoad())
        {
            headers.Remove(LoadHeader.Name);
        }
    }

    /// <summary>Only what has the dialect's own framing, in plain bytes, can be looked into event by event; all else passes as it is.</summary>
    private void Observe(HttpResponseMessage answer, IHeaderDictionary headers, Framing? framing)
    {
        var isPlain = !answer.Content.Headers.NonValidated.Contains(HeaderNames.ContentEncoding);
        var isRewritten = isPlain && AnswerRewrite.IsWanted(context);
        if (isRewritten)
        {
            headers.ContentLength = null;
        }

        var isStream = isPlain && answer.StatusCode == HttpStatusCode.OK && framing == (context.Dialect == Dialect.Ollama ? Framing.Lines : Framing.Events);
        context.Scanner = new AnswerScanner(context.Dialect, isStream);
        if (isStream && context.Route.Options.Continuation.Enabled)
        {
            context.Continuation ??= StreamContinuation.TryBegin(context, answer.Content);
        }

        answer.Content = new ObservedContent(answer.Content, context, isStream, isRewritten);
    }

    // Read as text: parsing the header into an object costs more than the rest of this method.
    private static Framing? FramingOf(HttpContentHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues(HeaderNames.ContentType, out var values))
        {
            return null;
        }

        var type = values.ToString().AsSpan();
        return type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) ? Framing.Events
            : type.StartsWith("application/x-ndjson", StringComparison.OrdinalIgnoreCase) ? Framing.Lines
            : null;
    }

    private enum Framing : byte
    {
        Events,
        Lines,
    }
}
