using System.Security.Authentication;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using BlazeGateway.Policies;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration;

/// <summary>Writes routes and clusters made in code as the <c>routes.json</c> that means the same. <c>run --demo</c> and <c>run --backend</c> load what this writes.</summary>
internal static class RoutesWriter
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new SslProtocolsConverter(), new JsonStringEnumConverter() },
    };

    /// <summary>The text for these routes and clusters, with extensions attached to them by <see cref="ExtensionsCarrier"/> if any.</summary>
    public static string Write(IEnumerable<RouteConfig> routes, IEnumerable<ClusterConfig> clusters)
    {
        var routesJson = new JsonObject();
        foreach (var route in routes)
        {
            routesJson[route.RouteId] = Entry(route, nameof(RouteConfig.RouteId), ExtensionsCarrier.Read(route), new RouteExtensions());
        }

        var clustersJson = new JsonObject();
        foreach (var cluster in clusters)
        {
            clustersJson[cluster.ClusterId] = Entry(cluster, nameof(ClusterConfig.ClusterId), ExtensionsCarrier.Read(cluster), new ClusterExtensions());
        }

        var root = new JsonObject { ["ReverseProxy"] = new JsonObject { ["Routes"] = routesJson, ["Clusters"] = clustersJson } };
        return root.ToJsonString(Json) + "\n";
    }

    /// <summary>The same as a source of a configuration; <paramref name="name"/> stands where messages show a file.</summary>
    public static RoutesText ToSource(string name, IEnumerable<RouteConfig> routes, IEnumerable<ClusterConfig> clusters) => new(name, Write(routes, clusters));

    private static JsonObject Entry<T, TExtensions>(T config, string idName, TExtensions extensions, TExtensions defaults)
    {
        var json = JsonSerializer.SerializeToNode(config, Json)!.AsObject();
        json.Remove(idName);
        if (json["Metadata"] is JsonObject metadata)
        {
            RemoveCarried(json, metadata);
        }

        if (Changed(JsonSerializer.SerializeToNode(extensions, Json), JsonSerializer.SerializeToNode(defaults, Json)) is { } changed)
        {
            json["Extensions"] = changed;
        }

        return json;
    }

    private static void RemoveCarried(JsonObject json, JsonObject metadata)
    {
        metadata.Remove("Blaze.Extensions");
        if (metadata.Count == 0)
        {
            json.Remove("Metadata");
        }
    }

    /// <summary>What differs from the defaults, so that the text shows only what was decided.</summary>
    private static JsonNode? Changed(JsonNode? value, JsonNode? standard)
    {
        if (JsonNode.DeepEquals(value, standard))
        {
            return null;
        }

        if (value is not JsonObject members || standard is not JsonObject standardMembers)
        {
            return value?.DeepClone();
        }

        var changed = new JsonObject();
        foreach (var (key, member) in members)
        {
            if (Changed(member, standardMembers[key]) is { } different)
            {
                changed[key] = different;
            }
        }

        return changed;
    }

    private sealed class SslProtocolsConverter : JsonConverter<SslProtocols>
    {
        public override SslProtocols Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize<string[]>(ref reader, options)!.Aggregate(SslProtocols.None, static (all, name) => all | Enum.Parse<SslProtocols>(name, ignoreCase: true));

        public override void Write(Utf8JsonWriter writer, SslProtocols value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            foreach (var name in value.ToString().Split(',', StringSplitOptions.TrimEntries))
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
        }
    }
}
