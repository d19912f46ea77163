#pragma warning disable OPENAI001 // The library marks its Responses API as subject to change.
using System.ClientModel.Primitives;
using OpenAI.Chat;
using OpenAI.Responses;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>Calls of the official OpenAI library. Each returns everything the library made of the answer, as text.</summary>
internal static class OpenAiCalls
{
    private static readonly BinaryData Parameters = BinaryData.FromString(
        """{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"},"unit":{"type":"string","enum":["celsius","kelvin"]}}}""");

    public static async Task<string> ChatAsync(Uri address, string model = SdkClients.Model, int? maxTokens = null)
    {
        ChatCompletion answer = await Chat(address, model).CompleteChatAsync(Messages(), new ChatCompletionOptions { MaxOutputTokenCount = maxTokens });
        Assert.NotEmpty(answer.Content[0].Text);
        Assert.True(answer.Usage.TotalTokenCount > 0);
        return Text(answer);
    }

    public static async Task<string> ChatStreamAsync(Uri address, string model = SdkClients.Model, int? maxTokens = null, Action? onUpdate = null)
    {
        var updates = new List<string>();
        var finish = default(ChatFinishReason?);
        var usage = default(ChatTokenUsage);
        await foreach (var update in Chat(address, model).CompleteChatStreamingAsync(Messages(), new ChatCompletionOptions { MaxOutputTokenCount = maxTokens }))
        {
            updates.Add(Text(update));
            finish ??= update.FinishReason;
            usage ??= update.Usage;
            onUpdate?.Invoke();
        }

        Assert.NotNull(finish);
        Assert.NotNull(usage);
        return string.Join('\n', updates);
    }

    public static async Task<string> ToolAsync(Uri address)
    {
        ChatCompletion answer = await Chat(address).CompleteChatAsync(Messages(), WithTool());
        var call = Assert.Single(answer.ToolCalls);
        Assert.Equal(ChatFinishReason.ToolCalls, answer.FinishReason);
        Assert.Equal("forecast", call.FunctionName);
        Assert.Contains("\"unit\":\"celsius\"", call.FunctionArguments.ToString(), StringComparison.Ordinal);
        return Text(answer);
    }

    public static async Task<string> ToolStreamAsync(Uri address)
    {
        var updates = new List<string>();
        var arguments = "";
        await foreach (var update in Chat(address).CompleteChatStreamingAsync(Messages(), WithTool()))
        {
            updates.Add(Text(update));
            arguments += string.Concat(update.ToolCallUpdates.Select(call => call.FunctionArgumentsUpdate));
        }

        Assert.Contains("\"unit\":\"celsius\"", arguments, StringComparison.Ordinal);
        return string.Join('\n', updates);
    }

    /// <summary>The second turn: the tool's result goes back, and the model answers in words.</summary>
    public static async Task<string> ToolResultAsync(Uri address)
    {
        var messages = Messages();
        ChatCompletion first = await Chat(address).CompleteChatAsync(messages, WithTool());
        messages.Add(new AssistantChatMessage(first));
        messages.Add(new ToolChatMessage(first.ToolCalls[0].Id, "It will rain."));
        var options = WithTool();
        options.ToolChoice = ChatToolChoice.CreateAutoChoice();
        ChatCompletion second = await Chat(address).CompleteChatAsync(messages, options);
        Assert.Equal(ChatFinishReason.Stop, second.FinishReason);
        return Text(second);
    }

    public static async Task<string> ResponseAsync(Uri address, string model = SdkClients.Model)
    {
        ResponseResult answer = await SdkClients.OpenAi(address).GetResponsesClient().CreateResponseAsync(model, SdkClients.Question);
        Assert.NotEmpty(answer.GetOutputText());
        return Text(answer);
    }

    public static async Task<string> ResponseStreamAsync(Uri address, string model = SdkClients.Model, Action? onUpdate = null)
    {
        var updates = new List<string>();
        StreamingResponseUpdate? last = null;
        await foreach (var update in await SdkClients.OpenAi(address).GetResponsesClient().CreateResponseStreamingAsync(model, SdkClients.Question))
        {
            updates.Add(Text(update));
            last = update;
            onUpdate?.Invoke();
        }

        Assert.IsType<StreamingResponseCompletedUpdate>(last);
        return string.Join('\n', updates);
    }

    public static async Task<string> ResponseToolAsync(Uri address)
    {
        var options = new CreateResponseOptions(SdkClients.Model, [ResponseItem.CreateUserMessageItem("Call forecast for me.")])
        {
            Tools = { ResponseTool.CreateFunctionTool("forecast", Parameters, strictModeEnabled: false) },
        };
        ResponseResult answer = await SdkClients.OpenAi(address).GetResponsesClient().CreateResponseAsync(options);
        Assert.Equal("forecast", Assert.IsType<FunctionCallResponseItem>(Assert.Single(answer.OutputItems)).FunctionName);
        return Text(answer);
    }

    public static async Task<string> EmbeddingAsync(Uri address, string model = SdkClients.Model)
    {
        var answer = await SdkClients.OpenAi(address).GetEmbeddingClient(model).GenerateEmbeddingsAsync(["one text", "another text"]);
        Assert.Equal(2, answer.Value.Count);
        Assert.Equal(64, answer.Value[0].ToFloats().Length);
        return string.Join('\n', answer.Value.Select(vector => string.Join(' ', vector.ToFloats().ToArray())));
    }

    public static async Task<string> ModelsAsync(Uri address)
    {
        var answer = await SdkClients.OpenAi(address).GetOpenAIModelClient().GetModelsAsync();
        return string.Join('\n', answer.Value.Select(model => $"{model.Id} {model.OwnedBy} {model.CreatedAt:O}").Order(StringComparer.Ordinal));
    }

    public static async Task<string> ModelAsync(Uri address, string model = SdkClients.Model)
    {
        var answer = await SdkClients.OpenAi(address).GetOpenAIModelClient().GetModelAsync(model);
        return $"{answer.Value.Id} {answer.Value.OwnedBy} {answer.Value.CreatedAt:O}";
    }

    private static ChatClient Chat(Uri address, string model = SdkClients.Model) => SdkClients.OpenAi(address).GetChatClient(model);

    private static List<ChatMessage> Messages() => [new SystemChatMessage("Answer briefly."), new UserChatMessage(SdkClients.Question)];

    private static ChatCompletionOptions WithTool() => new()
    {
        Tools = { ChatTool.CreateFunctionTool("forecast", "Tells the weather.", Parameters) },
        ToolChoice = ChatToolChoice.CreateRequiredChoice(),
    };

    private static string Text<T>(T model)
        where T : IPersistableModel<T> => ModelReaderWriter.Write(model).ToString();
}
