using System.Globalization;
using System.Text;
using System.Text.Json;
using BlazeGateway.Configuration.Reload;
using BlazeGateway.Observability;
using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.CommandLine;

/// <summary>What is printed when the gateway has stopped: six lines about the whole run.</summary>
internal static class RunSummary
{
    /// <summary>The lines.</summary>
    public static string Write(RunTally tally, ConfigurationStatus configuration)
    {
        var served = configuration.LastReloadSucceeded ? "the newest" : "a newer one was refused";
        return new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"BlazeGateway stopped after {TimeSpan.FromSeconds(Math.Floor(tally.Elapsed.TotalSeconds)):c}")
            .AppendLine(CultureInfo.InvariantCulture, $"  requests     {tally.Requests}{Outcomes(tally)}")
            .AppendLine(CultureInfo.InvariantCulture, $"  first token  {FirstToken(tally)}")
            .AppendLine(CultureInfo.InvariantCulture, $"  tokens       {tally.TokensIn} in, {tally.TokensOut} out")
            .AppendLine(CultureInfo.InvariantCulture, $"  attempts     {tally.Attempts} on destinations")
            .Append(CultureInfo.InvariantCulture, $"  config       version {configuration.Version}, {served}")
            .ToString();
    }

    private static string Outcomes(RunTally tally)
    {
        var parts = Enum.GetValues<Outcome>().Where(outcome => tally.Ended(outcome) > 0)
            .Select(outcome => $"{tally.Ended(outcome)} {JsonNamingPolicy.SnakeCaseLower.ConvertName(outcome.ToString())}").ToArray();
        return parts.Length == 0 ? "" : ": " + string.Join(", ", parts);
    }

    private static string FirstToken(RunTally tally) => tally.Streams == 0
        ? "no stream had content"
        : string.Create(CultureInfo.InvariantCulture, $"p50 {tally.FirstToken(50).TotalMilliseconds:0} ms, p95 {tally.FirstToken(95).TotalMilliseconds:0} ms, of {tally.Streams} streams");
}
