using System.Runtime.InteropServices;
using System.Text.Json;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>Reads an inference call from a JSON body.</summary>
internal static class CallReader
{
    /// <summary>Reads OpenAI chat completions and, with the same field names, Anthropic messages and Ollama chat.</summary>
    public static InferenceCall Chat(JsonElement body, string defaultModel, int blockTokens, bool streamByDefault = false)
    {
        var model = Text(body, "model") ?? defaultModel;
        using var prompt = new PromptText();
        Member(body, "tools", prompt);
        Member(body, "system", prompt);
        if (body.TryGetProperty("messages", out var messages) && messages.ValueKind == JsonValueKind.Array)
        {
            foreach (var message in messages.EnumerateArray())
            {
                if (message.ValueKind != JsonValueKind.Object)
                {
                    throw new BadCallException("messages", "every message must be an object with role and content");
                }

                prompt.Append("<|"u8).Append(System.Text.Encoding.UTF8.GetBytes(Text(message, "role") ?? "user")).Append("|>"u8);
                Member(message, "content", prompt);
                Member(message, "tool_calls", prompt);
            }
        }
        else
        {
            throw new BadCallException("messages", "messages must be an array");
        }

        prompt.Append("<|assistant|>"u8);
        var max = Number(body, "max_completion_tokens") ?? Number(body, "max_tokens");
        return new InferenceCall
        {
            Model = model,
            Prompt = prompt.Build(PromptText.Root(model, Text(body, "cache_salt")), blockTokens),
            Stream = Flag(body, "stream") ?? streamByDefault,
            IncludeUsage = body.TryGetProperty("stream_options", out var options) && options.ValueKind == JsonValueKind.Object && Flag(options, "include_usage") == true,
            MaxTokens = max,
            MinTokens = Flag(body, "ignore_eos") == true ? max ?? 0 : Number(body, "min_tokens") ?? 0,
        };
    }

    internal static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined)
            ? value.ValueKind == JsonValueKind.String ? value.GetString() : throw new BadCallException(name, $"{name} must be a string")
            : null;

    internal static bool? Flag(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw new BadCallException(name, $"{name} must be true or false")
            : null;

    internal static int? Number(JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 1
            ? number
            : throw new BadCallException(name, $"{name} must be a whole number of at least 1");
    }

    private static void Member(JsonElement element, string name, PromptText prompt)
    {
        if (element.TryGetProperty(name, out var value))
        {
            Content(value, prompt);
        }
    }

    private static void Content(JsonElement value, PromptText prompt)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                prompt.Append(JsonMarshal.GetRawUtf8Value(value)[1..^1]);
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    Content(item, prompt);
                }

                break;
            case JsonValueKind.Object:
                prompt.Append(JsonMarshal.GetRawUtf8Value(value));
                break;
            default:
                break;
        }
    }
}
