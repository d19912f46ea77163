using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace BlazeGateway.Policies.Destinations;

/// <summary>Reads the list of models a destination answers with, in OpenAI's, Anthropic's or Ollama's form.</summary>
internal static class ModelListReader
{
    private const int MaxOwnerLength = 64;
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 32 };

    /// <summary>Reads a whole answer.</summary>
    /// <param name="json">The body.</param>
    /// <param name="maxModels">Most models taken.</param>
    /// <returns>Null when the body is not a list of models.</returns>
    public static ModelList? Read(ReadOnlyMemory<byte> json, int maxModels)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Options);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            var isOllama = root.TryGetProperty("models"u8, out var items) && !root.TryGetProperty("data"u8, out _);
            if (!isOllama && !root.TryGetProperty("data"u8, out items))
            {
                return null;
            }

            return items.ValueKind switch
            {
                JsonValueKind.Array => ReadItems(items, isOllama, maxModels),

                // Ollama says null when nothing is installed.
                JsonValueKind.Null => new ModelList([], 0),
                _ => null,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ModelList ReadItems(JsonElement items, bool isOllama, int maxModels)
    {
        var entries = ImmutableArray.CreateBuilder<ModelEntry>();
        var ignored = 0;
        foreach (var item in items.EnumerateArray())
        {
            var entry = entries.Count < maxModels ? ReadItem(item, isOllama) : null;
            if (entry is null)
            {
                ignored++;
            }
            else
            {
                entries.Add(entry);
            }
        }

        return new ModelList(entries.ToImmutable(), ignored);
    }

    private static ModelEntry? ReadItem(JsonElement item, bool isOllama)
    {
        if (item.ValueKind != JsonValueKind.Object || Text(item, isOllama ? "name"u8 : "id"u8) is not { } name || !ModelName.IsValid(name))
        {
            return null;
        }

        return isOllama
            ? new ModelEntry
            {
                Name = name,
                Created = Time(item, "modified_at"u8),
                OwnedBy = "library",
                Size = Number(item, "size"u8),
                Digest = Short(Text(item, "digest"u8), ModelName.MaxLength) ?? "",
            }
            : new ModelEntry
            {
                Name = name,
                Created = Number(item, "created"u8) is var created and not 0 ? created : Time(item, "created_at"u8),
                OwnedBy = Short(Text(item, "owned_by"u8), MaxOwnerLength),
            };
    }

    private static string? Text(JsonElement item, ReadOnlySpan<byte> name)
    {
        if (!item.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate escape is valid JSON and no valid text.
            return null;
        }
    }

    private static long Number(JsonElement item, ReadOnlySpan<byte> name) =>
        item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number > 0 ? number : 0;

    private static long Time(JsonElement item, ReadOnlySpan<byte> name) =>
        DateTimeOffset.TryParse(Text(item, name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? Math.Max(0, time.ToUnixTimeSeconds())
            : 0;

    private static string? Short(string? text, int maxLength) =>
        text is { Length: > 0 } && text.Length <= maxLength && ModelName.IsValid(text.Replace(' ', '-')) ? text : null;
}

/// <summary>A list of models as read.</summary>
/// <param name="Entries">Models taken, in the server's order.</param>
/// <param name="Ignored">Items left out: a name against the rule, or beyond the limit.</param>
internal sealed record ModelList(ImmutableArray<ModelEntry> Entries, int Ignored);
