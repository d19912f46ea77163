using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Destinations;

/// <summary>What a request brings a destination to do, as it is estimated before the pick. Nothing for requests that no model answers.</summary>
/// <param name="PromptTokens">Prompt tokens to compute before the first one of the answer; those in the destination's prefix cache are not among them once it is picked.</param>
/// <param name="OutputTokens">Tokens of the answer.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RequestWork(int PromptTokens, int OutputTokens)
{
    /// <summary>Whether its answer comes as it is made, so that its beginning says that the prompt is computed.</summary>
    public bool IsStreamed { get; init; }
}

/// <summary>
/// The place of one request on a destination: taken with the pick, given back once. A mutable struct: keep it where it is. Its calls come one after
/// another, from whoever runs the request.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct HeldPlace
{
    private DestinationLoad? _load;
    private RequestWork _work;
    private bool _isPrefilled;
    private bool _isUnwatched;
    private TimeSpan _at;
    private long _waiting;

    /// <summary>Where the place is; null when none is held.</summary>
    public readonly DestinationLoad? Load => _load;

    /// <summary>Whether a place is held.</summary>
    public readonly bool IsHeld => _load is not null;

    /// <summary>Takes a place, whether or not there is room; one that is held is given back first.</summary>
    public void Take(DestinationLoad load, in RequestWork work, TimeSpan now)
    {
        Release(now);
        load.Reserve(work, now);
        Hold(load, work, now);
    }

    /// <summary>Takes a place if there is room; one that is held is given back first.</summary>
    public bool TryTake(DestinationLoad load, in RequestWork work, TimeSpan now)
    {
        Release(now);
        if (!load.TryReserve(work, now))
        {
            return false;
        }

        Hold(load, work, now);
        return true;
    }

    /// <summary>A byte of the answer is here.</summary>
    public readonly void Came(TimeSpan now) => _load?.Came(now);

    /// <summary>No further bytes of the answer are told: silence says nothing of the destination from now on.</summary>
    public void Unwatch()
    {
        if (_load is { } load && !_isUnwatched)
        {
            _isUnwatched = true;
            load.Unwatch();
        }
    }

    /// <summary>The first token of the answer is here: the prompt is computed.</summary>
    public void Prefilled(TimeSpan now)
    {
        if (_load is { } load && !_isPrefilled && _work is { IsStreamed: true, PromptTokens: > 0 })
        {
            load.Computed(_waiting, now - _at);
        }

        Over(now);
    }

    /// <summary>Gives the place back, if it is held.</summary>
    public void Release(TimeSpan now)
    {
        if (_load is { } load)
        {
            Over(now);
            _load = null;
            if (_isUnwatched)
            {
                load.Forgo();
            }

            load.Release(_work.OutputTokens);
        }
    }

    private void Hold(DestinationLoad load, in RequestWork work, TimeSpan now)
    {
        (_load, _work, _isPrefilled, _isUnwatched) = (load, work, false, false);
        (_at, _waiting) = (now, load.PrefillTokens);
    }

    private void Over(TimeSpan now)
    {
        if (_load is { } load && !_isPrefilled)
        {
            _isPrefilled = true;
            load.Prefilled(_work, now);
        }
    }
}
