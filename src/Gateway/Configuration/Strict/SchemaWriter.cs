using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BlazeGateway.Configuration.Strict;

/// <summary>
/// Writes shapes as a JSON schema (draft 7), for editors and validators. Made here and not by <c>JsonSchemaExporter</c> because the strict check
/// needs the same knowledge with rules the exporter does not read (ranges, ids, sections whose types differ from what is written).
/// </summary>
internal sealed class SchemaWriter(Documentation documentation)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema of everything in both files, as the text that is committed.</summary>
    public static string Write(Documentation documentation)
    {
        var schema = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = "BlazeGateway configuration",
            ["description"] = "routes.json and appsettings.json. Generated; a test keeps it equal to the types.",
        };
        foreach (var (key, value) in new SchemaWriter(documentation).Of(RootShape.Instance, nullable: false).ToArray())
        {
            schema[key] = value?.DeepClone();
        }

        return schema.ToJsonString(Indented) + "\n";
    }

    private JsonObject Of(Shape shape, bool nullable) => shape switch
    {
        ObjectShape expected => OfObject(expected, nullable),
        MapShape { Identifiers: true } map => new JsonObject
        {
            ["type"] = Type("object", nullable),
            ["additionalProperties"] = false,
            ["patternProperties"] = new JsonObject { [MapShape.IdentifierPattern] = Of(map.Value, nullable: true) },
        },
        MapShape map => new JsonObject { ["type"] = Type("object", nullable), ["additionalProperties"] = Of(map.Value, nullable: true) },
        ListShape list => new JsonObject { ["type"] = Type("array", nullable), ["items"] = Of(list.Item, nullable: false) },
        ScalarShape scalar => OfScalar(scalar, nullable),
        _ => new JsonObject { ["type"] = Type("object", nullable) },
    };

    private JsonObject OfObject(ObjectShape shape, bool nullable)
    {
        var properties = new JsonObject();
        foreach (var member in shape.Members.Values)
        {
            var property = Of(member.Shape, nullable: true);
            if ((documentation.SummaryOf(member.DocumentationId) ?? member.Description) is { } description)
            {
                property.Insert(0, "description", description);
            }

            properties[member.Name] = property;
        }

        return new JsonObject { ["type"] = Type("object", nullable), ["additionalProperties"] = false, ["properties"] = properties };
    }

    private static JsonObject OfScalar(ScalarShape shape, bool nullable)
    {
        var type = shape.Kind switch
        {
            ScalarKind.Boolean => "boolean",
            ScalarKind.Integer => "integer",
            ScalarKind.Number => "number",
            _ => "string",
        };
        var json = new JsonObject { ["type"] = Type(type, nullable) };
        Set(json, "minimum", shape.Minimum);
        Set(json, "maximum", shape.Maximum);
        Set(json, "minLength", shape.MinLength);
        Set(json, "maxLength", shape.MaxLength);
        Set(json, "pattern", shape is { Pattern: { } pattern, MayRefer: true } ? pattern + @"|\$\{(secret|env):" : shape.Pattern);
        if (shape.Values is not null)
        {
            json["enum"] = new JsonArray([.. shape.Values.Select(static value => (JsonNode?)value), .. nullable ? [null] : Array.Empty<JsonNode?>()]);
        }

        return json;
    }

    private static void Set<T>(JsonObject json, string key, T? value)
    {
        if (value is not null)
        {
            json[key] = value is double number && number == Math.Floor(number) && Math.Abs(number) < 1e15 ? JsonValue.Create((long)number) : JsonValue.Create(value);
        }
    }

    private static JsonNode Type(string type, bool nullable) => nullable ? new JsonArray(type, "null") : type;
}
