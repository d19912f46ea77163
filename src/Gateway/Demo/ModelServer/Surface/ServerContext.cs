using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Demo.ModelServer.Faults;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>What every path of a simulated model server shares.</summary>
internal sealed record ServerContext(ModelServerHostOptions Options, EngineLoop Engine, FaultSet Faults, ModelServerStats Stats, TimeProvider Time)
{
    /// <summary>Called after a new plan was set over HTTP and its answer was sent.</summary>
    public Action FaultsChanged { get; set; } = static () => { };
}
