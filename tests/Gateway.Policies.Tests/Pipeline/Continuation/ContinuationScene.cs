using System.Text;
using BlazeGateway.Policies.Tests.Pipeline.Wire;

namespace BlazeGateway.Policies.Tests.Pipeline.Continuation;

/// <summary>Three destinations behind a route that has its streams continued.</summary>
internal sealed class ContinuationScene : IAsyncDisposable
{
    public const string Done = "data: [DONE]\n\n";
    public const string Error = "data: {\"error\":{\"message\":\"The upstream stream ended unexpectedly.\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_reset\"}}\n\n";
    public const string Stall = "\"code\":\"upstream_stall\"}}\n\n";

    private ContinuationScene(FailoverScene inner) => Inner = inner;

    public FailoverScene Inner { get; }

    public WireHost Host => Inner.Host;

    public static ClusterExtensions Cluster { get; } = FailoverScene.Calm with { ModelServer = new() { Kind = "vllm", Models = ["m"] }, RetryBudget = new() { PerSecond = 1000 } };

    public static RouteExtensions Route { get; } = new() { Inference = true, Continuation = new() { Enabled = true } };

    public static async Task<ContinuationScene> StartAsync(RouteExtensions? route = null, ClusterExtensions? cluster = null, int destinations = 3) =>
        new(await FailoverScene.StartAsync(destinations, route ?? Route, cluster ?? Cluster));

    /// <summary>The event that opens an answer.</summary>
    public static string Role(string id = "first") => Event(id, "\"role\":\"assistant\",\"content\":\"\"");

    /// <summary>An event with text.</summary>
    public static string Text(string text, string id = "first") => Event(id, $"\"content\":\"{text}\"");

    /// <summary>The event that ends an answer.</summary>
    public static string Finish(string id = "first", string reason = "stop") => Event(id, "").Replace("\"finish_reason\":null", $"\"finish_reason\":\"{reason}\"", StringComparison.Ordinal);

    /// <summary>The event of token counts.</summary>
    public static string Usage(int prompt, int completion, string id = "first") =>
        $$$"""data: {"id":"{{{id}}}","object":"chat.completion.chunk","created":{{{Created(id)}}},"model":"{{{id}}}-m","choices":[],"usage":{"prompt_tokens":{{{prompt}}},"completion_tokens":{{{completion}}},"total_tokens":{{{prompt + completion}}}}}""" + "\n\n";

    public static byte[] Body(string more = "") => Encoding.UTF8.GetBytes($$"""{"model":"m","stream":true,{{more}}"messages":[{"role":"user","content":"Hello"}]}""");

    /// <summary>Sends a request, and has whoever gets it begin to answer.</summary>
    public async Task<(Caller Caller, Exchange Exchange)> BeginAsync(string events, string more = "", string protocol = "HTTP/1.1", byte[]? body = null, string path = FailoverScene.Chat)
    {
        var caller = await Inner.SendAsync(body ?? Body(more), path, protocol);
        var exchange = await NextAsync(events);
        await caller.HeadAsync();
        return (caller, exchange);
    }

    /// <summary>The next request that reaches a destination, which begins to answer.</summary>
    public async Task<Exchange> NextAsync(string events)
    {
        var (exchange, _) = await AskedAsync();
        await exchange.BeginEventsAsync();
        if (events.Length > 0)
        {
            await exchange.ChunkAsync(events);
        }

        return exchange;
    }

    /// <summary>The next request of a client that reaches a destination.</summary>
    public Task<(Exchange Exchange, int Destination)> AskedAsync() => Inner.NextAsync();

    public Task<double> ContinuedAsync(string result) => Host.SumAsync($"blaze_stream_continuations_total{{cluster=\"llm\",result=\"{result}\"}}");

    public ValueTask DisposeAsync() => Inner.DisposeAsync();

    private static int Created(string id) => id == "first" ? 1 : 2;

    private static string Event(string id, string delta) =>
        $$$"""data: {"id":"{{{id}}}","object":"chat.completion.chunk","created":{{{Created(id)}}},"model":"{{{id}}}-m","choices":[{"index":0,"delta":{{{{delta}}}},"logprobs":null,"finish_reason":null}]}""" + "\n\n";
}
