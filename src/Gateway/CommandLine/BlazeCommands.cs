using System.CommandLine;

namespace BlazeGateway.CommandLine;

/// <summary>The verbs of <c>blaze</c>, one class per verb in this folder.</summary>
internal static class BlazeCommands
{
    public static Task<int> InvokeAsync(string[] args) => Create().Parse(args).InvokeAsync();

    private static RootCommand Create() => new("A reverse-proxy gateway for AI model servers.")
    {
        ExplainCommand.Create(),
        ReloadCommand.Create(),
        RoutesCommand.Create(),
        SchemaCommand.Create(),
        ValidateCommand.Create(),
    };
}
