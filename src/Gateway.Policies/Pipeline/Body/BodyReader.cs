using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;

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

        return ReadAsync(context, request, limit);
    }

    private static async ValueTask<GatewayError?> ReadAsync(RequestContext context, HttpRequest request, long limit)
    {
        var buffer = context.Body;
        var known = request.ContentLength;

        // The server ends a read by itself when the client leaves; the time limit of a route comes as if it had left.
        using var either = context.Http.Features.Get<IHttpRequestTimeoutFeature>() is null
            ? null
            : CancellationTokenSource.CreateLinkedTokenSource(context.Http.RequestAborted, context.Deadline.Request);
        var token = either?.Token ?? context.Deadline.Request;
        context.Deadline.Set(Expiry.RequestBody, context.Time.GetTimestamp() + context.Route.BodyTicks);
        try
        {
            while (true)
            {
                // What is held is counted, as it comes: a client that only says that much will come keeps nobody else out.
                var expected = known - buffer.Length ?? UnknownLength;
                var wanted = buffer.Wanted(expected);
                if (wanted > 0 && expected > 0 && !context.TryReserve(wanted))
                {
                    return GatewayError.BufferExhausted;
                }

                // A last look for the end, unless all that was announced is there and filled its room to the last byte.
                var read = wanted > 0 && expected == 0 ? 0 : await request.Body.ReadAsync(buffer.Free(expected), token);
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

                if (known is null && buffer.Length > MemoryPressure.MostBody && context.Memory != MemoryState.Calm)
                {
                    return GatewayError.Overloaded;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            return BodyFailure.Classify(exception, context);
        }
        finally
        {
            context.Deadline.Clear();
        }
    }
}
