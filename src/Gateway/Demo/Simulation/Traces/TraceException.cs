namespace BlazeGateway.Demo.Simulation.Traces;

/// <summary>A trace that cannot be replayed; the message names place, value, rule and fix.</summary>
internal sealed class TraceException(string message) : Exception(message);
