using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>
/// A place on a destination for a request that the gateway's own pipeline does not run: tells strategies how long the headers of the answer took and how it
/// ended, by the rules of the pipeline. Given back once, whoever asks for it and how often.
/// </summary>
internal abstract class FollowedPlace
{
    /// <summary>What the strategy thought when it picked; strategies write it.</summary>
    public PickNote Note;

    private DestinationLoad? _load;
    private AnswerSample _sample;
    private TimeSpan _began;
    private bool _isTold;

    /// <summary>Takes a place on <paramref name="load"/>, if there is room.</summary>
    /// <param name="load">The destination picked.</param>
    /// <param name="availability">Its availability; null when nobody keeps it.</param>
    /// <param name="picked">The word it was picked by.</param>
    /// <param name="now">Time since the moment that what is learned is stamped by.</param>
    protected bool TryTake(DestinationLoad load, DestinationAvailability? availability, AvailabilityWord picked, TimeSpan now)
    {
        if (!load.TryReserve(default, now))
        {
            Note = default;
            return false;
        }

        _sample = new AnswerSample(availability, picked, load.Times.Of(0));
        (_load, _began) = (load, now);
        return true;
    }

    /// <summary>The headers of the answer are here.</summary>
    public void Answered(int status, TimeSpan now)
    {
        if (!_isTold && status < StatusCodes.Status400BadRequest)
        {
            _isTold = true;
            _sample.Add(now, (now - _began).TotalSeconds, Note);
        }
    }

    /// <summary>Gives the place back and tells how the request ended; true for the first call, the only one that does anything.</summary>
    protected bool TryEnd(AttemptOutcome outcome, int status, TimeSpan now)
    {
        if (Interlocked.Exchange(ref _load, null) is not { } load)
        {
            return false;
        }

        load.Release();
        var waited = (now - _began).TotalSeconds;
        switch (outcome)
        {
            case AttemptOutcome.Answered when AnswerSample.IsRefusal(status, ofClientsKey: true):
                _sample.Fail(now, PickNote.Penalty, Note);
                break;
            case AttemptOutcome.Answered:
                Answered(status, now);
                break;
            case AttemptOutcome.Nothing:
                _sample.AddAtLeast(now, _isTold ? 0 : waited);
                break;
            default:
                _sample.Fail(now, _isTold ? PickNote.Penalty : Math.Max(PickNote.Penalty, waited), Note);
                break;
        }

        return true;
    }

    /// <summary>Gives the place back and tells nothing: the destination was never asked.</summary>
    protected void GiveBack() => Interlocked.Exchange(ref _load, null)?.Release();
}
