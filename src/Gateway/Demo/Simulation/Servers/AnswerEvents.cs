using BlazeGateway.Policies.Health;

namespace BlazeGateway.Demo.Simulation.Servers;

/// <summary>What servers tell of answers.</summary>
/// <param name="Begin">The first content is here.</param>
/// <param name="End">The answer is complete, or the request failed.</param>
internal sealed record AnswerEvents(Action<SimulatedRequest> Begin, Action<SimulatedRequest, AttemptOutcome> End);
