using System.Text.Json;
using System.Text.Json.Nodes;
using BlazeGateway.Configuration.Strict;

namespace BlazeGateway.Configuration;

/// <summary>Shows a configuration without what is secret in it.</summary>
internal static class MaskedView
{
    private const string Mask = "***";
    private static readonly HashSet<string> CredentialHeaders =
        new(["Authorization", "Proxy-Authorization", "x-api-key", "api-key", "x-goog-api-key", "Cookie"], StringComparer.OrdinalIgnoreCase);

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The sections as JSON text.</summary>
    public static string Write(ConfigurationNode root)
    {
        var json = new JsonObject();
        foreach (var member in root.Members.Where(static member => member.Key != "$schema"))
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
            return node.Kind == NodeKind.String && (node.Secret || IsMasked(path)) ? new ConfigurationNode(NodeKind.String, Mask, node.Place) : node;
        }

        var copy = new ConfigurationNode(node.Kind, null, node.Place) { FromJson = node.FromJson };
        var setsCredential = CredentialHeaders.Contains(node["RequestHeader"]?.Value ?? "");
        copy.Members.AddRange(node.Members.Select(member => member with
        {
            Node = setsCredential && IsHeaderValue(member) ? new ConfigurationNode(NodeKind.String, Mask, member.Node.Place) : Copy(member.Node, path.Then(member.Key)),
        }));
        return copy;
    }

    /// <summary>Whether what stands at <paramref name="path"/> is never shown: what is secret by its name, and hashes of tokens and keys, which a file may hold
    /// but nobody needs to see, and in whose place somebody may have written the token or key.</summary>
    internal static bool IsMasked(KeyPath path) =>
        IsSecret(path)
        || path.Key.Equals("KeyHash", StringComparison.OrdinalIgnoreCase)
        || (path.Key.Equals("Hash", StringComparison.OrdinalIgnoreCase) && path.Parent?.Parent?.Key.Equals("Tokens", StringComparison.OrdinalIgnoreCase) == true);
    // A transform names the header in one member and its value in another.
    private static bool IsHeaderValue(ConfigurationMember member) =>
        member.Key.Equals("Set", StringComparison.OrdinalIgnoreCase) || member.Key.Equals("Append", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether what stands at <paramref name="path"/> is secret by its name.</summary>
    internal static bool IsSecret(KeyPath path) =>
        StrictCheck.IsSecretKey(path.Key)
        || (path.Key.Equals("Value", StringComparison.OrdinalIgnoreCase) && path.Parent?.Parent?.Key.Equals("Credentials", StringComparison.OrdinalIgnoreCase) == true)
        || (path.Key.Equals("Headers", StringComparison.OrdinalIgnoreCase) && path.Parent?.Key.Equals("Otlp", StringComparison.OrdinalIgnoreCase) == true);
}
