using BlazeGateway.Configuration;

namespace BlazeGateway.CommandLine;

/// <summary>What somebody is told who has not configured anything yet.</summary>
internal static class FirstRun
{
    /// <summary>Which files were looked for, and the two commands that work without one.</summary>
    public static string NoRoutes(ConfigurationFiles files) =>
        files.Named
            ? $"'{files.Tried[0]}' does not exist; --config names the routes.json to serve."
            : $"""
            No routes.json was found. Tried:
              {string.Join($"{Environment.NewLine}  ", files.Tried)}
            Two commands work without one:
              blaze run --demo                              three simulated model servers and a gateway in front of them
              blaze run --backend http://127.0.0.1:8000     a gateway in front of your own model server
            """;
}
