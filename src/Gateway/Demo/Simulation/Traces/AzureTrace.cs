using System.Globalization;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.Demo.Simulation.Traces;

/// <summary>The traces of Azure's LLM services: a time, the tokens of the prompt and of the answer. Nothing is known of what prompts share.</summary>
internal sealed class AzureTrace : ITraceFormat
{
    /// <summary>The first line.</summary>
    public const string Heading = "TIMESTAMP,ContextTokens,GeneratedTokens";

    private ulong _requests;

    /// <inheritdoc />
    public bool HasHeading => true;

    /// <inheritdoc />
    public TraceRequest Read(string line)
    {
        var fields = line.Split(',');
        if (fields.Length != 3)
        {
            throw new FormatException($"it has {fields.Length} fields; it must have three, {Heading}");
        }

        return DateTimeOffset.TryParse(fields[0], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? new TraceRequest(new TimeSpan(at.UtcTicks), [new PromptPart(++_requests, TraceLimits.Tokens("ContextTokens", fields[1], 1))], TraceLimits.Tokens("GeneratedTokens", fields[2], 0))
            : throw new FormatException($"TIMESTAMP is '{fields[0]}'; it must be a time such as 2023-11-16 18:17:03.9799600");
    }
}
