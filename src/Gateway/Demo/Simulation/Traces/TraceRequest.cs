using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.Demo.Simulation.Traces;

/// <summary>One request as a trace has it.</summary>
/// <param name="At">When it came, from any moment that is the same for the whole trace.</param>
/// <param name="Parts">Its prompt; equal beginnings are equal parts.</param>
/// <param name="AnswerTokens">Tokens of its answer.</param>
internal sealed record TraceRequest(TimeSpan At, IReadOnlyList<PromptPart> Parts, int AnswerTokens)
{
    /// <summary>Conversation it belongs to, −1 for one of its own.</summary>
    public int Session { get; init; } = -1;
}
