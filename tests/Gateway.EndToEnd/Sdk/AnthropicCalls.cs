using System.Text.Json;
using Anthropic.Models.Messages;

namespace BlazeGateway.EndToEnd.Sdk;

/// <summary>Calls of the official Anthropic library. Each returns everything the library made of the answer, as text.</summary>
internal static class AnthropicCalls
{
    private static readonly Tool Forecast = new()
    {
        Name = "forecast",
        Description = "Tells the weather.",
        InputSchema = new InputSchema
        {
            Properties = new Dictionary<string, JsonElement>(StringComparer.Ordinal)
            {
                ["city"] = JsonElement.Parse("""{"type":"string"}"""),
                ["days"] = JsonElement.Parse("""{"type":"integer"}"""),
            },
        },
    };

    public static async Task<string> MessageAsync(Uri address, string model = SdkClients.Model, int maxTokens = 200)
    {
        var answer = await SdkClients.Anthropic(address).Messages.Create(Ask(model, maxTokens));
        Assert.True(answer.Content[0].TryPickText(out var text));
        Assert.NotEmpty(text.Text);
        Assert.True(answer.Usage.OutputTokens > 0);
        return answer.ToString();
    }

    public static async Task<string> StreamAsync(Uri address, string model = SdkClients.Model, int maxTokens = 200, Action? onEvent = null) =>
        await CollectAsync(address, Ask(model, maxTokens), onEvent);

    public static async Task<string> ToolAsync(Uri address)
    {
        var answer = await SdkClients.Anthropic(address).Messages.Create(Ask() with { Tools = [Forecast], ToolChoice = new ToolChoiceAny() });
        Assert.True(answer.Content[0].TryPickToolUse(out var use));
        Assert.Equal("forecast", use.Name);
        Assert.Equal("city days", string.Join(' ', use.Input.Keys.Order(StringComparer.Ordinal)));
        return answer.ToString();
    }

    public static Task<string> ToolStreamAsync(Uri address) => CollectAsync(address, Ask() with { Tools = [Forecast], ToolChoice = new ToolChoiceAny() }, null);

    public static async Task<string> CountAsync(Uri address, string model = SdkClients.Model)
    {
        var count = await SdkClients.Anthropic(address).Messages.CountTokens(new MessageCountTokensParams { Model = model, Messages = Ask().Messages });
        Assert.True(count.InputTokens > 0);
        return count.ToString();
    }

    public static async Task<string> ModelsAsync(Uri address)
    {
        var page = await SdkClients.Anthropic(address).Models.List();
        Assert.False(page.HasNext());
        return string.Join('\n', page.Items.Select(model => model.ToString()).Order(StringComparer.Ordinal));
    }

    public static async Task<string> ModelAsync(Uri address, string model = SdkClients.Model) =>
        (await SdkClients.Anthropic(address).Models.Retrieve(model)).ToString();

    private static async Task<string> CollectAsync(Uri address, MessageCreateParams ask, Action? onEvent)
    {
        var events = new List<string>();
        RawMessageStreamEvent? last = null;
        await foreach (var item in SdkClients.Anthropic(address).Messages.CreateStreaming(ask))
        {
            events.Add(item.Json.ToString());
            last = item;
            onEvent?.Invoke();
        }

        Assert.IsType<RawMessageStopEvent>(last?.Value);
        return string.Join('\n', events);
    }

    private static MessageCreateParams Ask(string model = SdkClients.Model, int maxTokens = 200) => new()
    {
        Model = model,
        MaxTokens = maxTokens,
        System = "Answer briefly.",
        Messages = [new MessageParam { Role = Role.User, Content = SdkClients.Question }],
    };
}
