using System.Buffers.Text;
using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using BlazeGateway.Configuration.Checks;
using BlazeGateway.Policies;

namespace BlazeGateway.CommandLine;

/// <summary><c>blaze key new</c>: a key for a client, and what the configuration has to know of it.</summary>
internal static class KeyCommand
{
    private const string Prefix = "blaze-";
    private const int RandomBytes = 32;

    private static readonly Option<string> Name = new("--name") { Description = "Who gets it, as logs call the client. Required.", Required = true };
    private static readonly Option<string> Band = new("--band") { Description = "Priority of the client's requests: critical, standard or batch.", DefaultValueFactory = static _ => PriorityBands.Standard };
    private static readonly Option<string> Format = ConfigurationArguments.Format();

    internal static Command Create()
    {
        Band.AcceptOnlyFromAmong(PriorityBands.Critical, PriorityBands.Standard, PriorityBands.Batch);
        var make = new Command("new", "Prints a new key, this once, and the part of appsettings.json by which the gateway knows it.") { Name, Band, Format };
        make.SetAction(static parsed => Run(parsed.GetValue(Name)!, parsed.GetValue(Band)!, parsed.GetValue(Format) == "json", Console.Out, Console.Error));
        return new Command("key", "Makes keys for clients.") { make };
    }

    /// <summary>Writes key and configuration to <paramref name="output"/>, words to <paramref name="remarks"/>, and returns the exit code.</summary>
    internal static int Run(string name, string band, bool asJson, TextWriter output, TextWriter remarks)
    {
        if (ClientCheck.NameFault(name) is { } fault)
        {
            remarks.WriteLine($"--name: {fault}");
            return ExitCodes.InvalidConfiguration;
        }

        var key = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));
        var entry = new JsonObject { [nameof(ClientKeyOptions.KeyHash)] = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(key))), [nameof(ClientKeyOptions.Band)] = band };
        var configuration = new JsonObject { ["Clients"] = new JsonObject { [nameof(ClientsOptions.Keys)] = new JsonObject { [name] = entry } } };
        if (asJson)
        {
            output.WriteLine(new JsonObject { ["name"] = name, ["key"] = key, ["configuration"] = configuration }.ToJsonString(ConfigurationArguments.Json));
            return ExitCodes.Ok;
        }

        output.WriteLine(key);
        output.WriteLine(configuration.ToJsonString(ConfigurationArguments.Json));
        remarks.WriteLine($"""
            The first line is the key of '{name}'. It is shown this once and kept nowhere; what follows holds only its hash.
            Put that into appsettings.json (a file of secrets Clients__Keys__{name}__KeyHash with the hash does too); it takes effect at the next start.
            Clients send the key as 'Authorization: Bearer KEY', 'x-api-key: KEY' or 'api-key: KEY'.
            """);
        return ExitCodes.Ok;
    }
}
