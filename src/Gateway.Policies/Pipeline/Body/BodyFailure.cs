using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Pipeline.Body;

/// <summary>Why the body of a request could not be read from the client.</summary>
internal static class BodyFailure
{
    /// <summary>Maps what the server threw to an error for the client, or for the log when the client is gone.</summary>
    public static GatewayError Classify(Exception cause, RequestContext context)
    {
        var http = context.Http;
        if (context.Deadline.Expired == Expiry.Shutdown)
        {
            return GatewayError.Draining;
        }

        if (context.Deadline.Expired != Expiry.None || Departure.IsTimeout(http))
        {
            return GatewayError.RequestTimeout;
        }

        // A body of known length can only break off; a chunked one can also be badly framed, and both look the same. A chunk size beyond
        // all numbers comes as a plain IOException.
        return cause switch
        {
            BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => GatewayError.RequestTimeout,
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => GatewayError.PayloadTooLarge,
            IOException when http.Request.ContentLength is null && !Departure.Of(http) => GatewayError.AmbiguousFraming,
            _ => GatewayError.ClientClosedRequest,
        };
    }
}
