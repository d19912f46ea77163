using System.CommandLine;

namespace BlazeGateway.CommandLine;

/// <summary>The verbs of <c>blaze</c>, one class per verb in this folder.</summary>
internal static class BlazeCommands
{
    // The library would end the process 2 s after a signal; every verb ends by itself, and the gateway lets its requests end first.
    private static readonly InvocationConfiguration Patient = new() { ProcessTerminationTimeout = Timeout.InfiniteTimeSpan };

    public static async Task<int> InvokeAsync(string[] args)
    {
        var parsed = Create().Parse(args);
        if (CommandLineFaults.Of(parsed) is { Count: > 0 } faults)
        {
            await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, faults));
            return ExitCodes.InvalidConfiguration;
        }

        return await parsed.InvokeAsync(Patient);
    }

    internal static RootCommand Create()
    {
        var root = new RootCommand("A reverse-proxy gateway for AI model servers.")
        {
            RunCommand.Create(),
            BenchCommand.Create(),
            ModelServerCommand.Create(),
            ReplayCommand.Create(),
            ValidateCommand.Create(),
            RoutesCommand.Create(),
            ExplainCommand.Create(),
            WhyCommand.Create(),
            SchemaCommand.Create(),
            KeyCommand.Create(),
            ReloadCommand.Create(),
            DestinationCommand.CreateDrain(),
            DestinationCommand.CreateResume(),
            TokenCommand.Create(),
            HealthcheckCommand.Create(),
            DoctorCommand.Create(),
        };
        RunCommand.Configure(root);
        return root;
    }
}
