using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using BlazeGateway.Configuration.Strict;

namespace BlazeGateway.Configuration;

/// <summary>Makes typed options, or .NET's flat keys, out of checked nodes.</summary>
internal static class TreeBinder
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNameCaseInsensitive = true,
        PreferredObjectCreationHandling = JsonObjectCreationHandling.Populate,
        Converters = { new JsonStringEnumConverter() },
    };

    public static T Bind<T>(ConfigurationNode? node, Shape shape)
        where T : new() =>
        node is null or { Kind: NodeKind.Null } ? new T() : ToJson(node, shape).Deserialize<T>(Json)!;

    public static IEnumerable<KeyValuePair<string, string?>> Flatten(ConfigurationNode node, string prefix = "")
    {
        foreach (var member in node.Members)
        {
            var key = prefix.Length == 0 ? member.Key : $"{prefix}:{member.Key}";
            if (member.Node.IsContainer)
            {
                foreach (var pair in Flatten(member.Node, key))
                {
                    yield return pair;
                }
            }
            else if (member.Node.Kind != NodeKind.Null)
            {
                yield return KeyValuePair.Create(key, member.Node.Value);
            }
        }
    }

    /// <summary>The node as JSON of the types its shape says, whether it came from JSON or from a variable.</summary>
    public static JsonNode? ToJson(ConfigurationNode node, Shape? shape)
    {
        if (node.Kind == NodeKind.Null)
        {
            return null;
        }

        if (node.Kind == NodeKind.Array || shape is ListShape)
        {
            return new JsonArray([.. node.Members.Select(member => ToJson(member.Node, (shape as ListShape)?.Item))]);
        }

        if (node.Kind == NodeKind.Object)
        {
            var json = new JsonObject();
            foreach (var member in node.Members.Where(static member => member.Node.Kind != NodeKind.Null))
            {
                AddMember(json, member, shape);
            }

            return json;
        }

        var kind = (shape as ScalarShape)?.Kind ?? node.Kind switch
        {
            NodeKind.Number => ScalarKind.Number,
            NodeKind.Boolean => ScalarKind.Boolean,
            _ => ScalarKind.Text,
        };
        return kind switch
        {
            ScalarKind.Boolean when bool.TryParse(node.Value, out var truth) => truth,
            ScalarKind.Integer when long.TryParse(node.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
            ScalarKind.Number when double.TryParse(node.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
            _ => node.Value,
        };
    }

    private static void AddMember(JsonObject json, ConfigurationMember member, Shape? shape)
    {
        switch (shape)
        {
            case ObjectShape expected when expected.Members.TryGetValue(member.Key, out var known):
                json[known.Name] = ToJson(member.Node, known.Shape);
                break;
            case MapShape map:
                json[member.Key] = ToJson(member.Node, map.Value);
                break;
            case null or AnyShape:
                json[member.Key] = ToJson(member.Node, null);
                break;
        }
    }
}
