using BlazeGateway.Configuration.Checks;
using BlazeGateway.Configuration.Options;
using BlazeGateway.Configuration.Strict;

namespace BlazeGateway.Configuration;

/// <summary>A configuration put together from its sources and checked against its shape. What its routes mean is not yet known.</summary>
internal sealed class LoadedConfiguration(ConfigurationNode root, ConfigurationErrors errors, string hash)
{
    /// <summary>All sources merged.</summary>
    public ConfigurationNode Root { get; } = root;

    /// <summary>What is wrong with it.</summary>
    public ConfigurationErrors Errors { get; } = errors;

    /// <summary>Hash of the files and secrets.</summary>
    public string Hash { get; } = hash;

    /// <summary>Options of the process. Throws <see cref="InvalidConfigurationException"/> when there are errors.</summary>
    public ProcessOptions ReadProcessOptions()
    {
        ThrowIfInvalid();
        return TreeBinder.Bind<ProcessOptions>(Root, RootShape.Instance);
    }

    /// <summary>The merged keys as .NET configuration, for libraries that read it (<c>Serilog</c>, <c>Kestrel</c>).</summary>
    public IConfiguration ToConfiguration() => new ConfigurationBuilder().AddInMemoryCollection(TreeBinder.Flatten(Root)).Build();

    public void ThrowIfInvalid()
    {
        if (Errors.Any)
        {
            throw new InvalidConfigurationException(Errors.All);
        }
    }
}

/// <summary>Reads, merges and strictly checks all sources.</summary>
internal static class ConfigurationLoader
{
    public static LoadedConfiguration Load(ConfigurationSources sources) => Load(sources, ConfigurationContent.Read(sources));

    public static LoadedConfiguration Load(ConfigurationSources sources, ConfigurationContent content)
    {
        var errors = new ConfigurationErrors();
        var check = new StrictCheck(errors);

        // What is missing everywhere is told of the file it should stand in.
        var home = content.Files.LastOrDefault(static file => !file.Optional)?.Name ?? "configuration";
        var root = new ConfigurationNode(NodeKind.Object, null, new Place(home, 0, 0));
        foreach (var layer in Layers(sources, content, errors))
        {
            check.Check(layer, RootShape.Instance, KeyPath.Root);
            root = ConfigurationLayers.Merge(root, layer, RootShape.Instance);
        }

        if (!errors.Any)
        {
            root = new SecretReferences(sources, content, errors).Resolve(root, KeyPath.Root);
            check.CheckReferred(root, RootShape.Instance, KeyPath.Root);
            check.CheckRequired(root, RootShape.Instance, KeyPath.Root);
            new LoggingCheck(root, errors).Check();
        }

        return new LoadedConfiguration(root, errors, content.Hash);
    }

    private static IEnumerable<ConfigurationNode> Layers(ConfigurationSources sources, ConfigurationContent content, ConfigurationErrors errors)
    {
        foreach (var file in content.Files)
        {
            if (file.Bytes is null)
            {
                errors.Add(new Place(file.Name, 0, 0), KeyPath.Root, file.Failure!);
            }
            else if (JsonTreeReader.Read(file.Name, file.Bytes, errors) is { } node)
            {
                yield return node;
            }
        }

        yield return FlatTreeReader.Read(ConfigurationLayers.OfSecrets(content.Secrets));
        yield return FlatTreeReader.Read(ConfigurationLayers.OfVariables(sources.Variables));
        yield return FlatTreeReader.Read(sources.CommandLine.Select(static pair => new FlatEntry(pair.Key, pair.Value, $"option --{pair.Key}", Secret: false)));
    }
}
