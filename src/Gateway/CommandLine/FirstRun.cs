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
            Two commands work without one. Three simulated model servers and a gateway in front of them:
              {Invocation.Words} run --demo
            A gateway in front of your own model server:
              {Invocation.Words} run --backend http://127.0.0.1:8000
            """;
}
