using BlazeGateway.Demo.ModelServer.Batching;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>What every path of a simulated model server shares.</summary>
internal sealed record ServerContext(ModelServerHostOptions Options, EngineLoop Engine, ModelServerStats Stats, TimeProvider Time);
