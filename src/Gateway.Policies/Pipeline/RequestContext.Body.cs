using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.Pipeline.Continuation;
using Microsoft.AspNetCore.Http.Features;

namespace BlazeGateway.Policies.Pipeline;

/// <content>The body, which is held for as long as it may be needed once more.</content>
internal sealed partial class RequestContext
{
    /// <summary>Changes made to the body on its way.</summary>
    public ref BodySplices Splices => ref _splices;

    /// <summary>Sends <see cref="Body"/> to the destination of the attempt at hand.</summary>
    public ReplayStream Replay { get; private set; } = new();

    /// <summary>The request's body when it was read before the pick.</summary>
    public BodyBuffer Body { get; } = new();

    /// <summary>Set while the stream at hand may go on from another destination.</summary>
    public StreamContinuation? Continuation { get; set; }

    /// <summary>Starts <see cref="Replay"/> again for an attempt. One that an earlier attempt left half read may still be read by it.</summary>
    public ReplayStream Rewind()
    {
        if (Replay.IsHalfRead)
        {
            _isLeftHalfRead = true;
            Replay = new ReplayStream();
        }

        Replay.Rewind(Body.Content, _splices);
        return Replay;
    }

    /// <summary>Reserves room for body bytes; false when the process holds as many as it may.</summary>
    public bool TryReserve(long bytes)
    {
        if (!_budget.TryReserve(bytes))
        {
            return false;
        }

        _reserved += bytes;
        return true;
    }

    /// <summary>Whether <see cref="TryReserve"/> would find room now.</summary>
    public bool HasRoom(long bytes) => _budget.Reserved + bytes <= _budget.Limit;

    /// <summary>Gives back what was reserved, unless all of it was given back with the body.</summary>
    public void Release(long bytes)
    {
        var released = Math.Min(bytes, _reserved);
        _reserved -= released;
        _budget.Release(released);
    }

    /// <summary>Lets go of the body once it was sent and its answer goes to the client: from then on no other destination can be asked, unless the stream may be continued.</summary>
    public void ReleaseBody()
    {
        if (Body.IsEmpty || !Replay.IsRead || _isLeftHalfRead || Continuation is { IsOpen: true })
        {
            return;
        }

        Replay.Reset();
        Body.Clear();
        _budget.Release(_reserved);
        _reserved = 0;
    }

    /// <summary>Whether the time of the answer is that of the client's upload, which says nothing of the destination. Bodies of inference requests were read before.</summary>
    public bool IsUpload => !IsInference && Http.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false };

    /// <summary>Lets go of everything that was held. True when an attempt that was given up may still read the body.</summary>
    private bool EndBody()
    {
        Continuation?.Dispose();
        Continuation = null;
        var isHalfRead = Replay.IsHalfRead || _isLeftHalfRead;
        if (!isHalfRead)
        {
            Body.Clear();
            Replay.Reset();
        }

        _budget.Release(_reserved);
        _reserved = 0;
        return isHalfRead;
    }
}
