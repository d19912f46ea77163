using System.Net.Sockets;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Inference;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// What an attempt says of its destination, from what <see cref="ForwardFailure"/> noted. Connections that fail, 5xx, no first byte in time and answers that
/// break off are its fault; 4xx, 429, clients that leave and what the gateway refuses are not.
/// </summary>
internal static class AttemptVerdict
{
    public static AttemptOutcome Of(RequestContext context, ForwarderError error)
    {
        if (context.FirstEvent is { } first)
        {
            return AttemptOutcomes.OfStatus(first.Status);
        }

        return context.AnswerEnd switch
        {
            // A transform of the route may have answered in the destination's place.
            AnswerEnd.Complete => context.Record.ToHeaders < 0 ? AttemptOutcome.Nothing : AttemptOutcomes.OfStatus(context.AnswerStatus()),
            AnswerEnd.Abandoned => AttemptOutcome.Nothing,
            _ => OfError(context, error),
        };
    }

    private static AttemptOutcome OfError(RequestContext context, ForwarderError error)
    {
        // It was judged already, by what took it out.
        if (context.Deadline.Expired == Expiry.Ejected)
        {
            return AttemptOutcome.Nothing;
        }

        var failure = context.Error;
        if (failure == GatewayError.UpstreamConnectFailed)
        {
            return IsRefused(context.Http.Features.Get<IForwarderErrorFeature>()?.Exception) ? AttemptOutcome.ConnectRefused : AttemptOutcome.ConnectFailed;
        }

        if (failure == GatewayError.UpstreamTlsFailed)
        {
            return AttemptOutcome.ConnectFailed;
        }

        if (failure == GatewayError.UpstreamTimeout)
        {
            // The limit of the whole request may bite in the middle of a long answer, or of an upload that the client draws out.
            return context.Deadline.Expired == Expiry.FirstByte || IsUnanswered(context) ? AttemptOutcome.FirstByteTimeout : AttemptOutcome.Nothing;
        }

        // Headers that could not be passed on may be the fault of a transform, and a tunnel may be silent for as long as both sides like.
        return failure == GatewayError.UpstreamReset || (failure == GatewayError.UpstreamStall && error != ForwarderError.UpgradeActivityTimeout)
            || (failure == GatewayError.UpstreamProtocolError && error != ForwarderError.ResponseHeaders)
                ? AttemptOutcome.BrokenOff
                : AttemptOutcome.Nothing;
    }

    /// <summary>A request without a body is sent at once, so whatever time passed before the headers is the destination's.</summary>
    private static bool IsUnanswered(RequestContext context) =>
        !context.IsInference && context.Record.ToHeaders < 0 && context.Http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false };

    private static bool IsRefused(Exception? cause)
    {
        for (; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return true;
                case AggregateException several:
                    return several.InnerExceptions.Any(IsRefused);
                default:
                    break;
            }
        }

        return false;
    }
}
