using System.CommandLine;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze schema</c>: the JSON schema of the configuration files.</summary>
internal static class SchemaCommand
{
    internal static Command Create()
    {
        var command = new Command("schema", "Prints the JSON schema of routes.json and appsettings.json.");
        command.SetAction(static async (_, cancellationToken) =>
        {
            await using var schema = typeof(SchemaCommand).Assembly.GetManifestResourceStream("routes.schema.json")!;
            using var reader = new StreamReader(schema);
            await Console.Out.WriteAsync((await reader.ReadToEndAsync(cancellationToken)).AsMemory(), cancellationToken);
            return ExitCodes.Ok;
        });
        return command;
    }
}
