using System.Collections.Immutable;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Resilience;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>What came of the attempts on a request before the one at hand. Belongs to its context; empty for all requests but those that are sent more than once.</summary>
internal sealed class AttemptHistory
{
    /// <summary>Destinations that are not asked again.</summary>
    public List<DestinationState> Tried { get; } = [];

    /// <summary>Why another was asked after each of <see cref="Tried"/>.</summary>
    public List<RetryCause> Causes { get; } = [];

    /// <summary>Room for the candidates that are left.</summary>
    public List<DestinationState> Untried { get; } = [];

    /// <summary>Set while an answer is kept back because the request goes on to another destination.</summary>
    public RetryCause KeptBack { get; set; }

    /// <summary>Whether it was sent to a destination that may have begun with it, and then to another.</summary>
    public bool WasResent { get; set; }

    /// <summary>Attempts that ended with 429.</summary>
    public int Limited { get; set; }

    /// <summary>Seconds after which the client is told to come again; 0 for the usual.</summary>
    public int RetryAfter { get; set; }

    /// <summary>Tells the request's body while <see cref="PoisonList"/> watches any; default when not computed.</summary>
    public UInt128 Fingerprint { get; set; }

    /// <summary>Models that may answer in place of the one asked for, in order; those before <see cref="NextFallback"/> are used up.</summary>
    public ImmutableArray<ModelTarget> Fallbacks { get; set; } = [];

    /// <summary>Index of the next of <see cref="Fallbacks"/>.</summary>
    public int NextFallback { get; set; }

    /// <summary>Whether there is a further model to ask.</summary>
    public bool HasFallback => NextFallback < Fallbacks.Length;

    /// <summary>Whether anything has to be cleared.</summary>
    public bool IsEmpty => Tried.Count == 0 && Untried.Count == 0 && Fallbacks.IsEmpty && Fingerprint == default && RetryAfter == 0 && KeptBack == RetryCause.None;

    /// <summary>Whether it broke off a destination.</summary>
    public bool HasBroken { get; set; }

    /// <summary>Ready for another request.</summary>
    public void Clear()
    {
        Fallbacks = [];
        HasBroken = false;
        NextFallback = 0;
        Tried.Clear();
        Causes.Clear();
        Untried.Clear();
        KeptBack = RetryCause.None;
        WasResent = false;
        Limited = 0;
        RetryAfter = 0;
        Fingerprint = default;
    }
}
