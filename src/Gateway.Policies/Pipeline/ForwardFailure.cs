using BlazeGateway.Policies.Inference;
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

        return error switch
        {
            // With our own limits in force this is the limit on connecting.
            ForwarderError.RequestTimedOut => context.IsInference ? GatewayError.UpstreamConnectFailed : GatewayError.UpstreamTimeout,
            ForwarderError.RequestBodyClient => GatewayError.RequestTimeout,
            ForwarderError.ResponseHeaders => GatewayError.UpstreamProtocolError,
            ForwarderError.RequestCreation => GatewayError.InternalError,
            _ => ByCause(cause),
        };
    }

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
