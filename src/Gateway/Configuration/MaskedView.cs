using System.Text.Json;
using System.Text.Json.Nodes;
using BlazeGateway.Configuration.Strict;

namespace BlazeGateway.Configuration;

/// <summary>Shows a configuration without what is secret in it.</summary>
internal static class MaskedView
{
    private const string Mask = "***";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The sections <paramref name="include"/> picks (default: all) as JSON text.</summary>
    public static string Write(ConfigurationNode root, Func<string, bool>? include = null)
    {
        var json = new JsonObject();
        foreach (var member in root.Members.Where(member => member.Key != "$schema" && include?.Invoke(member.Key) != false))
        {
            var shape = RootShape.Instance.Members.GetValueOrDefault(member.Key)?.Shape;
            json[member.Key] = TreeBinder.ToJson(Copy(member.Node, KeyPath.Of(member.Key)), shape);
        }

        return json.ToJsonString(Indented);
    }

    private static ConfigurationNode Copy(ConfigurationNode node, KeyPath path)
    {
        if (!node.IsContainer)
        {
            return node.Kind == NodeKind.String && (node.Secret || IsSecret(path)) ? new ConfigurationNode(NodeKind.String, Mask, node.Place) : node;
        }

        var copy = new ConfigurationNode(node.Kind, null, node.Place) { FromJson = node.FromJson };
        copy.Members.AddRange(node.Members.Select(member => member with { Node = Copy(member.Node, path.Then(member.Key)) }));
        return copy;
    }

    /// <summary>Whether what stands at <paramref name="path"/> is secret by its name.</summary>
    internal static bool IsSecret(KeyPath path) =>
        StrictCheck.IsSecretKey(path.Key)
        || (path.Key.Equals("Value", StringComparison.OrdinalIgnoreCase) && path.Parent?.Parent?.Key.Equals("Credentials", StringComparison.OrdinalIgnoreCase) == true);
}
