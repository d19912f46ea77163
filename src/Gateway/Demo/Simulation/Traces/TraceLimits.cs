using System.Globalization;

namespace BlazeGateway.Demo.Simulation.Traces;

/// <summary>What numbers of a trace may be.</summary>
internal static class TraceLimits
{
    /// <summary>Most tokens of a prompt or an answer.</summary>
    public const int MostTokens = 10_000_000;

    /// <summary>A number of tokens. An answer may have none; it is taken for one of one token, which every answer has.</summary>
    public static int Tokens(string field, string text, int least) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) && tokens >= least && tokens <= MostTokens
            ? Math.Max(1, tokens)
            : throw new FormatException($"{field} is '{text}'; it must be a whole number from {least} to {MostTokens}");
}
