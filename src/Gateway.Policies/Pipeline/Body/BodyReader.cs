using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Pipeline.Body;

/// <summary>Reads a request's body into its context's buffer, within the route's limit and the process's budget.</summary>
internal static class BodyReader
{
    private const int UnknownLength = 16 * 1024;

    /// <summary>Null when the whole body is held; else why it is not.</summary>
    public static ValueTask<GatewayError?> ReadAsync(RequestContext context)
    {
        var request = context.Http.Request;
        if (request.Headers.ContentEncoding.Count != 0)
        {
            return new(GatewayError.UnsupportedEncoding);
        }

        var limit = context.Route.Options.RequestBody.MaxBytes;
        if (request.ContentLength > limit)
        {
            return new(GatewayError.PayloadTooLarge);
        }

        if (request.ContentLength is { } length && !context.TryReserve(length))
        {
            return new(GatewayError.BufferExhausted);
        }

        return ReadAsync(context, request, limit);
    }

    private static async ValueTask<GatewayError?> ReadAsync(RequestContext context, HttpRequest request, long limit)
    {
        var buffer = context.Body;
        var known = request.ContentLength;
        try
        {
            while (true)
            {
                var read = await request.Body.ReadAsync(buffer.Free(known - buffer.Length ?? UnknownLength), context.Http.RequestAborted);
                if (read == 0)
                {
                    context.Record.BytesIn = buffer.Length;
                    return null;
                }

                buffer.Advance(read);
                if (buffer.Length > limit)
                {
                    return GatewayError.PayloadTooLarge;
                }

                if (known is null && !context.TryReserve(read))
                {
                    return GatewayError.BufferExhausted;
                }
            }
        }
        catch (BadHttpRequestException exception)
        {
            return ForwardFailure.ClientBody(exception);
        }
        catch (IOException) when (!context.Http.RequestAborted.IsCancellationRequested)
        {
            // A chunk size beyond all numbers comes as this and not as a bad request.
            return GatewayError.AmbiguousFraming;
        }
    }
}
