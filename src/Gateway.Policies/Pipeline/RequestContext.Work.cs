using System.Threading.RateLimiting;
using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Pipeline;

/// <content>What the request will cost, and its turn to be served.</content>
internal sealed partial class RequestContext
{
    /// <summary>The place in its cluster's queue, until the request began or went away.</summary>
    public Waiter? Waiting { get; set; }

    /// <summary>What it waited with when its turn came; null when it did not wait.</summary>
    public WaitTicket? Served { get; set; }

    /// <summary>The permit of the cluster's, among <see cref="Leases"/>.</summary>
    public RateLimitLease? ClusterPermit { get; set; }

    /// <summary>Gives <see cref="ClusterPermit"/> back, if it has one.</summary>
    public void ReturnPermit()
    {
        if (ClusterPermit is { } permit)
        {
            ClusterPermit = null;
            Leases.Release(permit);
        }
    }

    /// <summary>Estimates what the request will cost, by what was learned in its cluster.</summary>
    /// <param name="loads">The cluster's loads, and what was learned.</param>
    /// <param name="plan">The cluster.</param>
    public void Estimate(ClusterLoads loads, ClusterPlan plan)
    {
        ModelKey = Model is { Key: not 0 and var key } ? key : Destinations.ModelKey.Of(_facts.Model);
        Tokens = loads.Tokens.Of(ModelKey);
        Work = Tokens.Estimate(_facts);

        // Where there is one destination there is nothing to find.
        if (loads.All.Length <= 1)
        {
            return;
        }

        Opening = plan.WantsOpening ? PromptOpening.Hash(Body.Content, _facts) : 0;
        if (plan.WantsPrefix)
        {
            _prefix = _prefix.Length == 0 ? new ulong[PromptFingerprint.MaxBlocks] : _prefix;
            _blocks = PromptFingerprint.Compute(Body.Content, _facts, _prefix);
        }
    }

    /// <summary>What the request brings <paramref name="destination"/> to do: its prompt without what it is expected to have in its cache.</summary>
    public RequestWork WorkOn(DestinationLoad destination)
    {
        if (_blocks == 0)
        {
            return Work;
        }

        var cached = destination.Prefix.TokensOf(destination.Prefix.Match(Prefix), _facts.PromptBytes);
        return Work with { PromptTokens = Math.Max(1, Work.PromptTokens - cached) };
    }

    /// <summary>The request goes to <paramref name="destination"/>, which will have its prompt in the cache.</summary>
    public void Sent(DestinationLoad destination)
    {
        if (_blocks > 0)
        {
            _forecast = destination.Prefix.Send(Prefix);
        }
    }
}
