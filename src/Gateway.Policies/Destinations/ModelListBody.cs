using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace BlazeGateway.Policies.Destinations;

/// <summary>Writes answers to questions for models, in each dialect's form.</summary>
internal static class ModelListBody
{
    private const string NoOwner = "blazegateway";
    private const long MaxUnixSeconds = 253402300799;
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary><c>GET /v1/models</c> of OpenAI.</summary>
    public static void WriteOpenAi(IBufferWriter<byte> output, ImmutableArray<ModelEntry> models)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (var model in models)
        {
            WriteOpenAi(json, model);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary><c>GET /v1/models/{id}</c> of OpenAI.</summary>
    public static void WriteOpenAi(IBufferWriter<byte> output, ModelEntry model)
    {
        using var json = new Utf8JsonWriter(output, Options);
        WriteOpenAi(json, model);
    }

    /// <summary><c>GET /v1/models</c> of Anthropic, all on one page.</summary>
    public static void WriteAnthropic(IBufferWriter<byte> output, ImmutableArray<ModelEntry> models)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteStartArray("data"u8);
        foreach (var model in models)
        {
            WriteAnthropic(json, model);
        }

        json.WriteEndArray();
        json.WriteBoolean("has_more"u8, false);
        json.WriteString("first_id"u8, models is [var first, ..] ? first.Name : null);
        json.WriteString("last_id"u8, models is [.., var last] ? last.Name : null);
        json.WriteEndObject();
    }

    /// <summary><c>GET /v1/models/{id}</c> of Anthropic.</summary>
    public static void WriteAnthropic(IBufferWriter<byte> output, ModelEntry model)
    {
        using var json = new Utf8JsonWriter(output, Options);
        WriteAnthropic(json, model);
    }

    /// <summary><c>GET /api/tags</c> of Ollama.</summary>
    public static void WriteOllama(IBufferWriter<byte> output, ImmutableArray<ModelEntry> models)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteStartArray("models"u8);
        foreach (var model in models)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, model.Name);
            json.WriteString("model"u8, model.Name);
            json.WriteString("modified_at"u8, Time(model));
            json.WriteNumber("size"u8, model.Size);
            json.WriteString("digest"u8, model.Digest ?? "");
            json.WriteStartObject("details"u8);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteOpenAi(Utf8JsonWriter json, ModelEntry model)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, model.Name);
        json.WriteString("object"u8, "model"u8);
        json.WriteNumber("created"u8, model.Created);
        json.WriteString("owned_by"u8, model.OwnedBy ?? NoOwner);
        json.WriteEndObject();
    }

    private static void WriteAnthropic(Utf8JsonWriter json, ModelEntry model)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "model"u8);
        json.WriteString("id"u8, model.Name);
        json.WriteString("display_name"u8, model.Name);
        json.WriteString("created_at"u8, Time(model));
        json.WriteEndObject();
    }

    private static string Time(ModelEntry model) =>
        DateTimeOffset.FromUnixTimeSeconds(Math.Min(model.Created, MaxUnixSeconds)).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
