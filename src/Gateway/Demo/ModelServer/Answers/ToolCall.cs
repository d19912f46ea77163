using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>The tool a simulated model calls.</summary>
/// <param name="Name">The tool's name.</param>
/// <param name="Properties">Its parameters: name and JSON schema type, or the first value of an enumeration in quotation marks.</param>
/// <param name="IsNamed">Whether the request named this very tool in <c>tool_choice</c>.</param>
internal sealed record ToolCall(string Name, IReadOnlyList<(string Name, string Type)> Properties, bool IsNamed)
{
    /// <summary>Arguments that fit the tool's schema, as compact JSON.</summary>
    public string Arguments(string text, int number)
    {
        var arguments = new JsonObject();
        foreach (var (name, type) in Properties)
        {
            arguments[name] = type switch
            {
                "integer" or "number" => number,
                "boolean" => true,
                "array" => new JsonArray(),
                "object" => new JsonObject(),
                ['"', .. var value, '"'] => value,
                _ => text,
            };
        }

        return arguments.ToJsonString();
    }

    /// <summary>
    /// Chooses a tool: the one named by <c>tool_choice</c>, the first when any is required, or one whose name the last user message says.
    /// After a tool's result the model answers in words.
    /// </summary>
    public static ToolCall? Choose(JsonElement body)
    {
        if (!body.TryGetProperty("tools", out var tools) || tools.ValueKind != JsonValueKind.Array || tools.GetArrayLength() == 0)
        {
            return null;
        }

        var choice = body.TryGetProperty("tool_choice", out var c) ? c : default;
        if (choice.ValueKind == JsonValueKind.Object && NameOf(choice) is { } named)
        {
            return tools.EnumerateArray().Where(t => NameOf(t) == named).Select(t => Read(t, isNamed: true)).FirstOrDefault()
                ?? throw new BadCallException("tool_choice", $"tool_choice names '{named}', which is not among the tools");
        }

        var word = choice.ValueKind == JsonValueKind.String ? choice.GetString() : CallReader.TextOf(choice, "type");
        if (word == "none")
        {
            return null;
        }

        var said = word is "required" or "any" ? null : LastUserText(body);
        foreach (var tool in tools.EnumerateArray())
        {
            if (NameOf(tool) is { } name && (word is "required" or "any" || said?.Contains(name, StringComparison.OrdinalIgnoreCase) == true))
            {
                return Read(tool, isNamed: false);
            }
        }

        return null;
    }

    private static string? NameOf(JsonElement tool) =>
        tool.ValueKind != JsonValueKind.Object ? null : CallReader.TextOf(tool, "name") ?? (tool.TryGetProperty("function", out var f) ? CallReader.TextOf(f, "name") : null);

    private static ToolCall Read(JsonElement tool, bool isNamed)
    {
        var holder = tool.TryGetProperty("function", out var function) ? function : tool;
        var properties = new List<(string, string)>();
        if ((holder.TryGetProperty("parameters", out var schema) || holder.TryGetProperty("input_schema", out schema))
            && schema.ValueKind == JsonValueKind.Object
            && schema.TryGetProperty("properties", out var members)
            && members.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in members.EnumerateObject())
            {
                properties.Add((member.Name, Type(member.Value)));
            }
        }

        return new ToolCall(NameOf(tool)!, properties, isNamed);
    }

    private static string Type(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("enum", out var values) && values.ValueKind == JsonValueKind.Array && values.GetArrayLength() > 0
            ? string.Create(CultureInfo.InvariantCulture, $"\"{values[0]}\"")
            : CallReader.TextOf(schema, "type") ?? "string";

    private static string? LastUserText(JsonElement body)
    {
        if (!body.TryGetProperty("messages", out var messages) && !body.TryGetProperty("input", out messages))
        {
            return null;
        }

        if (messages.ValueKind == JsonValueKind.String)
        {
            return messages.GetString();
        }

        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            return null;
        }

        var last = messages[messages.GetArrayLength() - 1];
        if (last.ValueKind != JsonValueKind.Object || CallReader.TextOf(last, "role") != "user" || !last.TryGetProperty("content", out var content))
        {
            return null;
        }

        return content.ValueKind == JsonValueKind.Array ? PartsText(content) : content.ToString();
    }

    private static string? PartsText(JsonElement parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts.EnumerateArray())
        {
            if (CallReader.TextOf(part, "type") == "tool_result")
            {
                return null;
            }

            text.Append(CallReader.TextOf(part, "text")).Append(' ');
        }

        return text.ToString();
    }
}
