using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Checks;

namespace BlazeGateway.CommandLine;

/// <summary>Options and output that the verbs about configuration share.</summary>
internal static class ConfigurationArguments
{
    /// <summary>How JSON is printed.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static Option<string?> Config() => new("--config") { Description = "File with routes and clusters; an appsettings.json beside it is read too. Default: config/routes.json, routes.json." };

    public static Option<string> Format()
    {
        var format = new Option<string>("--format") { Description = "text or json.", DefaultValueFactory = static _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        return format;
    }

    /// <summary>Files of the command, or null after telling where they were looked for.</summary>
    public static ConfigurationFiles? Find(string? config)
    {
        var files = ConfigurationFiles.Find(config, Directory.GetCurrentDirectory(), AppContext.BaseDirectory);
        if (files.Found)
        {
            return files;
        }

        Console.Error.WriteLine("No configuration found. Tried:");
        foreach (var path in files.Tried)
        {
            Console.Error.WriteLine($"  {path}");
        }

        Console.Error.WriteLine("Name one with --config.");
        return null;
    }

    /// <summary>Checks everything the files say.</summary>
    public static async Task<CheckedConfiguration> CheckAsync(ConfigurationFiles files)
    {
        var sources = ConfigurationSources.OfProcess(files, []);
        await using var services = OfflineServices.Create(sources);
        return await services.GetRequiredService<ConfigurationChecker>().CheckAsync(ConfigurationContent.Read(sources), before: null);
    }

    /// <summary>Checks, and prints the errors to stderr if there are any.</summary>
    public static async Task<CheckedConfiguration?> LoadAsync(string? config)
    {
        if (Find(config) is not { } files)
        {
            return null;
        }

        var result = await CheckAsync(files);
        if (result.Snapshot is not null)
        {
            return result;
        }

        foreach (var error in result.Errors)
        {
            await Console.Error.WriteLineAsync(error.ToString());
        }

        return null;
    }
}
