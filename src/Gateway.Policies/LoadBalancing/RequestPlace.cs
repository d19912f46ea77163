using System.Net.Sockets;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>
/// The place of a request in YARP's own pipeline. The answer's body is not seen there, so the time told is that from the pick to the moment the answer's
/// headers go to the client; what became of the request is read from the forwarder's error when it is over.
/// </summary>
internal sealed class RequestPlace(HttpContext context, AvailabilityRegistry registry) : FollowedPlace, IDisposable
{
    private DestinationAvailability? _availability;
    private AvailabilityWord _picked;

    /// <summary>Takes a place, if there is room, and follows the request to its end.</summary>
    public bool TryTake(DestinationAvailability availability)
    {
        var word = availability.Word.WithTrial(false);
        if (!TryTake(availability.Load, availability, word, registry.Clock))
        {
            return false;
        }

        (_availability, _picked) = (availability, availability.TryTakeTrial(out var trial) ? trial : word);
        var response = context.Response;
        response.RegisterForDispose(this);
        if (!response.HasStarted)
        {
            response.OnStarting(static place => ((RequestPlace)place).Starting(), this);
        }

        return true;
    }

    /// <summary>The request is over.</summary>
    public void Dispose()
    {
        var error = context.Features.Get<IForwarderErrorFeature>();
        var outcome = !IsForwarded ? AttemptOutcome.Nothing : error is null ? AttemptOutcomes.OfStatus(context.Response.StatusCode) : Of(error);
        if (!IsForwarded)
        {
            GiveBack();
        }
        else if (!TryEnd(outcome, context.Response.StatusCode, registry.Clock))
        {
            return;
        }

        _availability!.Ended(_picked, outcome);
    }

    /// <summary>Whether the request was sent where it was meant to go. A step between pick and forwarder may answer itself, or change the destination.</summary>
    private bool IsForwarded => ReferenceEquals(context.Features.Get<IReverseProxyFeature>()?.ProxiedDestination, _availability!.Destination);

    private Task Starting()
    {
        if (IsForwarded && context.Features.Get<IForwarderErrorFeature>() is null)
        {
            var status = context.Response.StatusCode;
            Answered(status, registry.Clock);
            if (_picked.IsTrialTaken)
            {
                _availability!.TrialAnswered(_picked, status);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>What the forwarder's error says of the destination: nothing when the client left or this process gave up.</summary>
    private static AttemptOutcome Of(IForwarderErrorFeature error) => error.Error switch
    {
        ForwarderError.Request => OfCause(error.Exception),
        ForwarderError.RequestTimedOut => AttemptOutcome.FirstByteTimeout,
        ForwarderError.RequestBodyDestination or ForwarderError.ResponseBodyDestination
            or ForwarderError.UpgradeRequestDestination or ForwarderError.UpgradeResponseDestination => AttemptOutcome.BrokenOff,
        _ => AttemptOutcome.Nothing,
    };

    private static AttemptOutcome OfCause(Exception? cause)
    {
        var outcome = AttemptOutcome.BrokenOff;
        for (; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case DestinationSocketsException:
                    return AttemptOutcome.Nothing;
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return AttemptOutcome.ConnectRefused;
                case HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError }:
                    outcome = AttemptOutcome.ConnectFailed;
                    break;
                default:
                    break;
            }
        }

        return outcome;
    }
}
