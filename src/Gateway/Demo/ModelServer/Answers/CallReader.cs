using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>What a reader needs to know about the server.</summary>
/// <param name="Model">Model of a request that names none.</param>
/// <param name="BlockTokens">Tokens per cache block; 0 computes no block hashes.</param>
internal readonly record struct ReadDefaults(string Model, int BlockTokens);

/// <summary>Reads inference calls from JSON bodies. Only what changes the answer is checked.</summary>
internal static class CallReader
{
    /// <summary>OpenAI chat completions; Anthropic messages have the same names, <c>system</c> included.</summary>
    public static InferenceCall Chat(JsonElement body, ReadDefaults defaults)
    {
        using var prompt = new PromptText();
        Messages(Object(body), prompt);
        if (body.TryGetProperty("n", out var n) && n.ValueKind == JsonValueKind.Number && n.GetDouble() > 1)
        {
            throw new BadCallException("n", "n must be 1: this server gives one choice per request");
        }

        return Common(body, prompt, defaults) with { Tool = ToolCall.Choose(body), Begun = Begun(body) };
    }

    /// <summary>OpenAI legacy completions: one prompt, text or tokens.</summary>
    public static InferenceCall Completion(JsonElement body, ReadDefaults defaults)
    {
        using var prompt = new PromptText();
        if (!Object(body).TryGetProperty("prompt", out var text))
        {
            throw new BadCallException("prompt", "prompt is required");
        }

        if (text.ValueKind == JsonValueKind.Array && text.GetArrayLength() > 1 && text[0].ValueKind != JsonValueKind.Number)
        {
            throw new BadCallException("prompt", "prompt must be one text: this server gives one choice per request");
        }

        if (text.ValueKind == JsonValueKind.Array && text.GetArrayLength() > 0 && text[0].ValueKind == JsonValueKind.Number)
        {
            Tokens(text, prompt);
        }
        else
        {
            Content(text, prompt);
        }

        return Common(body, prompt, defaults);
    }

    /// <summary>OpenAI responses.</summary>
    public static InferenceCall Response(JsonElement body, ReadDefaults defaults)
    {
        using var prompt = new PromptText();
        Member(Object(body), "tools", prompt);
        Member(body, "instructions", prompt);
        Member(body, "previous_response_id", prompt);
        if (!body.TryGetProperty("input", out var input) || input.ValueKind is not (JsonValueKind.String or JsonValueKind.Array))
        {
            throw new BadCallException("input", "input must be a text or an array of items");
        }

        Content(input, prompt);
        return Common(body, prompt, defaults) with { Tool = ToolCall.Choose(body), MaxTokens = Number(body, "max_output_tokens") };
    }

    /// <summary>OpenAI embeddings and Ollama embed: one input or several.</summary>
    public static InferenceCall Embedding(JsonElement body, ReadDefaults defaults)
    {
        using var prompt = new PromptText();
        if (!Object(body).TryGetProperty("input", out var input) && !body.TryGetProperty("prompt", out input))
        {
            throw new BadCallException("input", "input is required");
        }

        var inputs = new List<ulong>();
        var isList = input.ValueKind == JsonValueKind.Array && (input.GetArrayLength() == 0 || input[0].ValueKind != JsonValueKind.Number);
        foreach (var item in isList ? [.. input.EnumerateArray()] : new[] { input })
        {
            inputs.Add(XxHash3.HashToUInt64(JsonMarshal.GetRawUtf8Value(item)));
            Content(item, prompt);
        }

        return Common(body, prompt, defaults) with
        {
            Stream = false,
            Inputs = inputs,
            Dimensions = Number(body, "dimensions") ?? 64,
            Base64 = TextOf(body, "encoding_format") == "base64",
        };
    }

    /// <summary>Ollama chat: streams unless told not to, limits under <c>options</c>.</summary>
    public static InferenceCall OllamaChat(JsonElement body, ReadDefaults defaults)
    {
        using var prompt = new PromptText();
        Messages(Object(body), prompt);
        return Ollama(body, prompt, defaults) with { Tool = ToolCall.Choose(body) };
    }

    /// <summary>Ollama generate.</summary>
    public static InferenceCall OllamaGenerate(JsonElement body, ReadDefaults defaults)
    {
        using var prompt = new PromptText();
        Member(Object(body), "system", prompt);
        Member(body, "prompt", prompt);
        return Ollama(body, prompt, defaults);
    }

    /// <summary>A member's text; null when there is none.</summary>
    public static string? TextOf(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static InferenceCall Ollama(JsonElement body, PromptText prompt, ReadDefaults defaults)
    {
        var options = body.TryGetProperty("options", out var o) && o.ValueKind == JsonValueKind.Object ? o : default;
        var limit = options.ValueKind == JsonValueKind.Object && options.TryGetProperty("num_predict", out var n) && n.TryGetInt32(out var most) && most > 0 ? most : (int?)null;
        return Common(body, prompt, defaults) with { Stream = Flag(body, "stream") ?? true, MaxTokens = limit };
    }

    private static InferenceCall Common(JsonElement body, PromptText prompt, ReadDefaults defaults)
    {
        var model = Text(body, "model") ?? defaults.Model;
        var max = Number(body, "max_completion_tokens") ?? Number(body, "max_tokens");
        return new InferenceCall
        {
            Model = model,
            Prompt = prompt.Build(PromptText.Root(model, TextOf(body, "cache_salt")), defaults.BlockTokens),
            Stream = Flag(body, "stream") ?? false,
            IncludeUsage = body.TryGetProperty("stream_options", out var options) && options.ValueKind == JsonValueKind.Object && Flag(options, "include_usage") == true,
            MaxTokens = max,
            MinTokens = Flag(body, "ignore_eos") == true ? max ?? 0 : Number(body, "min_tokens") ?? 0,
        };
    }

    /// <summary>Text of the last message when the server is to go on with it (vLLM, SGLang); null when it is to begin a message of its own.</summary>
    private static string? Begun(JsonElement body)
    {
        if (Flag(body, "continue_final_message") != true)
        {
            return null;
        }

        if (Flag(body, "add_generation_prompt") != false)
        {
            throw new BadCallException("continue_final_message", "continue_final_message needs add_generation_prompt to be false");
        }

        var messages = body.GetProperty("messages");
        return TextOf(messages[messages.GetArrayLength() - 1], "role") == "assistant" && TextOf(messages[messages.GetArrayLength() - 1], "content") is { } text
            ? text
            : throw new BadCallException("messages", "with continue_final_message the last message must be the assistant's, with a text");
    }

    private static JsonElement Object(JsonElement body) =>
        body.ValueKind == JsonValueKind.Object ? body : throw new BadCallException("body", "the body must be a JSON object");

    private static void Messages(JsonElement body, PromptText prompt)
    {
        if (!body.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            throw new BadCallException("messages", "messages must be an array of at least one message");
        }

        Member(body, "tools", prompt);
        Member(body, "system", prompt);

        // A message that is gone on with is part of the answer; the prompt ends before it.
        var count = Flag(body, "continue_final_message") == true ? messages.GetArrayLength() - 1 : int.MaxValue;
        foreach (var message in messages.EnumerateArray().Take(count))
        {
            if (message.ValueKind != JsonValueKind.Object)
            {
                throw new BadCallException("messages", "every message must be an object with role and content");
            }

            prompt.Append("<|"u8).Append(Encoding.UTF8.GetBytes(Text(message, "role") ?? "user")).Append("|>"u8);
            Member(message, "content", prompt);
            Member(message, "tool_calls", prompt);
        }

        prompt.Append("<|assistant|>"u8);
    }

    private static string? Text(JsonElement element, string name) =>
        !element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw new BadCallException(name, $"{name} must be a string");

    private static bool? Flag(JsonElement element, string name) =>
        !element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw new BadCallException(name, $"{name} must be true or false");

    private static int? Number(JsonElement element, string name) =>
        !element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 1 ? number
        : throw new BadCallException(name, $"{name} must be a whole number of at least 1");

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
            case JsonValueKind.Object when TextOf(value, "type") is "image_url" or "image" or "input_image":
                Image(value, prompt);
                break;
            case JsonValueKind.Object when value.TryGetProperty("text", out var text):
                Content(text, prompt);
                break;
            case JsonValueKind.Object:
                prompt.Append(JsonMarshal.GetRawUtf8Value(value));
                break;
            default:
                break;
        }
    }

    /// <summary>An image is 256 tokens that depend on its bytes.</summary>
    private static void Image(JsonElement value, PromptText prompt)
    {
        Span<byte> hash = stackalloc byte[sizeof(ulong)];
        BitConverter.TryWriteBytes(hash, XxHash3.HashToUInt64(JsonMarshal.GetRawUtf8Value(value)));
        for (var i = 0; i < 256 * PromptText.BytesPerToken / hash.Length; i++)
        {
            prompt.Append(hash);
        }
    }

    private static void Tokens(JsonElement tokens, PromptText prompt)
    {
        Span<byte> bytes = stackalloc byte[PromptText.BytesPerToken];
        foreach (var token in tokens.EnumerateArray())
        {
            BitConverter.TryWriteBytes(bytes, token.TryGetInt32(out var number) ? number : throw new BadCallException("prompt", "prompt tokens must be whole numbers"));
            prompt.Append(bytes);
        }
    }
}
