using System.Security.Authentication;
using System.Security.Cryptography;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline.Body;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// What a forwarding came to. It is told from the forwarder's error and its cause and never from the state of the connection to the client,
/// which we may have cut ourselves.
/// </summary>
internal static class ForwardFailure
{
    private const long RefusedStream = 7;

    /// <summary>Notes how the answer ended, and the error that goes to the client or, once the answer has begun, to the log.</summary>
    public static void Note(RequestContext context, ForwarderError error)
    {
        if (context.FirstEvent is { IsServerFault: false })
        {
            // The forwarder reports the copy we ended; the destination did nothing wrong.
            context.Http.Features.Set<IForwarderErrorFeature>(null);
        }

        if (context.FirstEvent is not null || context.AnswerEnd is not AnswerEnd.None)
        {
            return;
        }

        var cause = error == ForwarderError.None ? null : context.Http.Features.Get<IForwarderErrorFeature>()?.Exception;
        if (IsAnswered(context, error, cause))
        {
            context.AnswerEnd = context.Error is null ? AnswerEnd.Complete : AnswerEnd.None;
            return;
        }

        var failure = context.Error ?? Classify(error, cause, context);
        if (failure == GatewayError.ClientClosedRequest && context.IsUpgraded)
        {
            // A tunnel has no end of its own: the client decides when it is over.
            context.AnswerEnd = AnswerEnd.Complete;
            return;
        }

        context.Error = failure;
        if (failure == GatewayError.ClientClosedRequest)
        {
            context.AnswerEnd = AnswerEnd.Abandoned;
        }
        else if (context.Http.Response.HasStarted)
        {
            context.AnswerEnd = AnswerEnd.Broken;
        }
    }

    /// <summary>The error for a limit that ran out.</summary>
    public static GatewayError Of(Expiry expired) => expired switch
    {
        Expiry.BetweenChunks => GatewayError.UpstreamStall,
        Expiry.Ejected => GatewayError.UpstreamReset,
        Expiry.Shutdown => GatewayError.GatewayShutdown,
        _ => GatewayError.UpstreamTimeout,
    };

    /// <summary>Whether the destination said that it did not begin with the request.</summary>
    public static bool IsRefusedStream(RequestContext context) =>
        Holds<HttpProtocolException>(context.Http.Features.Get<IForwarderErrorFeature>()?.Exception) is { ErrorCode: RefusedStream };

    /// <summary>A destination may answer before it has read the whole body, and close: the forwarder reports the body, but the answer is whole.</summary>
    private static bool IsAnswered(RequestContext context, ForwarderError error, Exception? cause) => error switch
    {
        ForwarderError.None => true,
        ForwarderError.RequestBodyClient or ForwarderError.RequestBodyDestination or ForwarderError.RequestBodyCanceled =>
            context.Record.ToHeaders >= 0 && cause is not AggregateException,
        _ => false,
    };

    private static GatewayError Classify(ForwarderError error, Exception? cause, RequestContext context)
    {
        if (context.Deadline.Expired is not Expiry.None and var expired)
        {
            return expired == Expiry.Shutdown && !context.Http.Response.HasStarted ? GatewayError.Draining : Of(expired);
        }

        if (Departure.IsTimeout(context.Http))
        {
            return GatewayError.UpstreamTimeout;
        }

        if (IsOurs(error, cause))
        {
            return error == ForwarderError.UpgradeResponseClient && !IsUpgradeAskedFor(context) ? GatewayError.UpstreamProtocolError : GatewayError.Overloaded;
        }

        return error switch
        {
            ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled
                or ForwarderError.UpgradeRequestCanceled or ForwarderError.UpgradeResponseCanceled
                or ForwarderError.ResponseBodyClient or ForwarderError.UpgradeRequestClient or ForwarderError.UpgradeResponseClient
                => GatewayError.ClientClosedRequest,

            // With our own limits in force this is the limit on connecting; else the cause tells.
            ForwarderError.RequestTimedOut => context.IsInference || cause is OperationCanceledException { InnerException: TimeoutException } ? GatewayError.UpstreamConnectFailed : GatewayError.UpstreamTimeout,
            ForwarderError.RequestBodyClient => OfBody(cause, context),
            ForwarderError.UpgradeActivityTimeout => GatewayError.UpstreamStall,
            ForwarderError.ResponseHeaders => GatewayError.UpstreamProtocolError,
            ForwarderError.RequestCreation => GatewayError.InternalError,
            _ => ByCause(cause),
        };
    }

    /// <summary>Whether a limit of this process stopped the request: no socket to a destination, or no place for one more upgraded connection.</summary>
    private static bool IsOurs(ForwarderError error, Exception? cause) =>
        (error == ForwarderError.UpgradeResponseClient && Holds<InvalidOperationException>(cause) is not null)
        || (error == ForwarderError.Request && Holds<DestinationSocketsException>(cause) is not null);

    private static bool IsUpgradeAskedFor(RequestContext context) =>
        context.Http.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true || context.Http.Features.Get<IHttpExtendedConnectFeature>()?.IsExtendedConnect == true;

    /// <summary>When the destination fails first, reading the client's body is canceled, and the forwarder blames the client.</summary>
    private static GatewayError OfBody(Exception? cause, RequestContext context)
    {
        if (context.Http.Response is { HasStarted: false, StatusCode: StatusCodes.Status408RequestTimeout })
        {
            return GatewayError.RequestTimeout;
        }

        return cause is AggregateException { InnerExceptions: [var body, var request, ..] }
            ? body is OperationCanceledException ? ByCause(request) : BodyFailure.Classify(body, context)
            : Holds<BadHttpRequestException>(cause) is { } bad ? BodyFailure.Classify(bad, context)
            : GatewayError.ClientClosedRequest;
    }

    private static T? Holds<T>(Exception? cause)
        where T : Exception => cause switch
        {
            null => null,
            T found => found,
            AggregateException several => several.InnerExceptions.Select(Holds<T>).FirstOrDefault(found => found is not null),
            _ => Holds<T>(cause.InnerException),
        };

    private static GatewayError ByCause(Exception? cause) => Find(cause) switch
    {
        _ when IsTls(cause) => GatewayError.UpstreamTlsFailed,
        HttpRequestError.SecureConnectionError => GatewayError.UpstreamTlsFailed,
        HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.ProxyTunnelError => GatewayError.UpstreamConnectFailed,
        HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError or HttpRequestError.VersionNegotiationError
            or HttpRequestError.ConfigurationLimitExceeded => GatewayError.UpstreamProtocolError,
        _ => GatewayError.UpstreamReset,
    };

    /// <summary>A server refuses our certificate only after the handshake, when it looks like a failed read; what it said is the innermost cause.</summary>
    private static bool IsTls(Exception? cause) => cause switch
    {
        null => false,
        AuthenticationException or CryptographicException => true,
        AggregateException several => several.InnerExceptions.Any(IsTls),
        _ => IsTls(cause.InnerException),
    };

    private static HttpRequestError? Find(Exception? cause)
    {
        for (var exception = cause; exception is not null; exception = exception.InnerException)
        {
            switch (exception)
            {
                // What the destination said of one HTTP/2 stream or of going away breaks no protocol: no error, internal error, refused stream, cancel.
                case HttpProtocolException { ErrorCode: 0 or 2 or 7 or 8 }:
                    return HttpRequestError.ResponseEnded;
                case HttpRequestException { HttpRequestError: not HttpRequestError.HttpProtocolError } request:
                    return request.HttpRequestError;
                case HttpIOException io:
                    return io.HttpRequestError;
                case AggregateException { InnerExceptions.Count: > 0 } several:
                    return Find(several.InnerExceptions[0]);
                default:
                    break;
            }
        }

        return null;
    }
}
