using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline.Connections;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>What a failed forwarding was: maps the forwarder's error and its cause to an error for the client.</summary>
internal static class ForwardFailure
{
    /// <summary>The gateway's error; null when the client itself went away and there is nobody to tell.</summary>
    public static GatewayError? Classify(ForwarderError error, Exception? cause, RequestContext context)
    {
        if (context.Http.RequestAborted.IsCancellationRequested)
        {
            return null;
        }

        if (context.Error is { } known)
        {
            return known;
        }

        if (context.Deadline.Expired != Expiry.None)
        {
            return GatewayError.UpstreamTimeout;
        }

        if (IsOurs(error, cause))
        {
            return GatewayError.Overloaded;
        }

        return error switch
        {
            // With our own limits in force this is the limit on connecting.
            ForwarderError.RequestTimedOut => context.IsInference ? GatewayError.UpstreamConnectFailed : GatewayError.UpstreamTimeout,
            ForwarderError.RequestBodyClient => ClientBody(cause),
            ForwarderError.ResponseHeaders => GatewayError.UpstreamProtocolError,
            ForwarderError.RequestCreation => GatewayError.InternalError,
            _ => ByCause(cause),
        };
    }

    /// <summary>Whether a limit of this process stopped the request: no socket to a destination, or no place for one more upgraded connection.</summary>
    public static bool IsOurs(ForwarderError error, Exception? cause) =>
        error == ForwarderError.UpgradeResponseClient || (error == ForwarderError.Request && Holds<DestinationSocketsException>(cause) is not null);

    /// <summary>Why the server refused to read on from the client.</summary>
    public static GatewayError ClientBody(Exception? cause) => Holds<BadHttpRequestException>(cause)?.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => GatewayError.PayloadTooLarge,
        StatusCodes.Status408RequestTimeout => GatewayError.RequestTimeout,
        _ => GatewayError.AmbiguousFraming,
    };

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
        HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
            or HttpRequestError.ProxyTunnelError => GatewayError.UpstreamConnectFailed,
        HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError or HttpRequestError.VersionNegotiationError
            or HttpRequestError.ConfigurationLimitExceeded => GatewayError.UpstreamProtocolError,
        _ => GatewayError.UpstreamReset,
    };

    private static HttpRequestError? Find(Exception? cause)
    {
        for (var exception = cause; exception is not null; exception = exception.InnerException)
        {
            switch (exception)
            {
                case HttpRequestException request:
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
