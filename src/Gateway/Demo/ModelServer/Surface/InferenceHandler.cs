using System.Text.Json;
using BlazeGateway.Demo.ModelServer.Answers;
using BlazeGateway.Demo.ModelServer.Batching;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Demo.ModelServer.Faults;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>Serves the paths that run a model: reads the call, runs it through the engine, writes the answer.</summary>
internal sealed class InferenceHandler(ServerContext server)
{
    private readonly bool _isUnpaced = server.Options.Unpaced;
    private readonly int _blockTokens = server.Options.Unpaced ? 0 : server.Options.Engine.BlockTokens;

    public async Task HandleAsync(ServedRequest request, InferenceOperation operation, string? pathModel)
    {
        var call = await ReadCallAsync(request.Http, operation, pathModel);
        if (call is null)
        {
            return;
        }

        var answer = new Answer(call, server.Options.Seed, operation.Generates ? server.Options.AnswerTokens : 1);
        var stream = call.Stream ? operation.Format as IStreamFormat : null;
        using var sink = new AnswerSink(request, stream, server.Time);
        if (await sink.StrikeHeadAsync())
        {
            return;
        }

        AddLoadHeader(request.Http);
        await (_isUnpaced || !operation.Generates && operation.Format is TokenCountFormat
            ? AtOnceAsync(request.Http, operation.Format, stream, answer, sink)
            : PacedAsync(request.Http, operation.Format, stream, answer, sink));
    }

    private async ValueTask<InferenceCall?> ReadCallAsync(HttpContext http, InferenceOperation operation, string? pathModel)
    {
        var read = await RequestBody.ReadAsync(http, server);
        try
        {
            using var body = JsonDocument.Parse(read.Buffer);
            var call = operation.Read(body.RootElement, new ReadDefaults(server.Options.Models[0], _blockTokens));
            call = pathModel is null ? call : call with { Model = pathModel };
            if (await IsServedAsync(http, operation.Dialect, call))
            {
                return call;
            }
        }
        catch (JsonException e)
        {
            await Replies.ErrorAsync(http, operation.Dialect, 400, $"The body is not JSON: {e.Message}", null, "invalid_json");
        }
        catch (BadCallException e)
        {
            await Replies.ErrorAsync(http, operation.Dialect, 400, e.Message, e.Field, "invalid_value");
        }
        finally
        {
            http.Request.BodyReader.AdvanceTo(read.Buffer.End);
        }

        return null;
    }

    private async ValueTask<bool> IsServedAsync(HttpContext http, Dialect dialect, InferenceCall call)
    {
        if (!Serves(call.Model))
        {
            var message = dialect == Dialect.Ollama ? $"model '{call.Model}' not found" : $"The model `{call.Model}` does not exist.";
            await Replies.ErrorAsync(http, dialect, 404, message, null, "model_not_found");
            return false;
        }

        var most = server.Options.Engine.MaxModelLength;
        if (call.Prompt.Tokens + (call.MaxTokens ?? 1) > most)
        {
            var message = $"This model's maximum context length is {most} tokens; the prompt has {call.Prompt.Tokens} and {call.MaxTokens ?? 1} are asked for.";
            await Replies.ErrorAsync(http, dialect, 400, message, "max_tokens", "context_length_exceeded");
            return false;
        }

        return true;
    }

    private bool Serves(string model)
    {
        foreach (var served in server.Options.Models)
        {
            if (model == served || (server.Options.Kind == ModelServerKinds.Ollama && model == served + ":latest"))
            {
                return true;
            }
        }

        return false;
    }

    private async Task AtOnceAsync(HttpContext http, IAnswerFormat format, IStreamFormat? stream, Answer answer, AnswerSink sink)
    {
        if (stream is null)
        {
            await WholeAsync(http, format, answer, sink);
            return;
        }

        StreamHeaders(http, stream);
        stream.Begin(sink.Output, answer);
        for (var i = 0; i < answer.Tokens; i++)
        {
            stream.Token(sink.Output, answer, i);
        }

        stream.End(sink.Output, answer);
        await sink.FlushAsync();
    }

    private async Task PacedAsync(HttpContext http, IAnswerFormat format, IStreamFormat? stream, Answer answer, AnswerSink sink)
    {
        var room = server.Options.Engine.MaxModelLength - answer.PromptTokens;
        var sequence = new Sequence(answer.Call.Prompt, Math.Max(1, Math.Min(answer.Tokens, room)), stream is not null) { EndsByLength = answer.IsCutByLength };
        await using var left = http.RequestAborted.UnsafeRegister(static s => ((Sequence)s!).Cancel(), sequence);
        server.Engine.Add(sequence);
        try
        {
            if (stream is not null)
            {
                StreamHeaders(http, stream);
                await http.Response.StartAsync(http.RequestAborted);
                await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
            }

            var written = 0;
            do
            {
                await WaitAsync(sequence, written, stream is not null);
                if (sequence.IsCancelled)
                {
                    return;
                }

                written = stream is null ? sequence.Emitted : WriteTokens(stream, answer, sequence, sink, written);
                if (stream is not null && !await sink.FlushAsync())
                {
                    return;
                }
            }
            while (!sequence.IsOver || written < sequence.Emitted);

            await FinishAsync(http, format, stream, answer, sequence, sink);
        }
        finally
        {
            sequence.Cancel();
        }
    }

    private static ValueTask WaitAsync(Sequence sequence, int written, bool isStream) =>
        sequence.IsOver || (isStream && sequence.Emitted > written) ? ValueTask.CompletedTask : sequence.Signal.WaitAsync();

    private static int WriteTokens(IStreamFormat stream, Answer answer, Sequence sequence, AnswerSink sink, int written)
    {
        var ready = sequence.Emitted;
        if (written == 0 && ready > 0)
        {
            answer.CachedTokens = sequence.CachedTokens;
            stream.Begin(sink.Output, answer);
        }

        for (; written < ready; written++)
        {
            // Of an answer that goes on where it ended the engine computes one token, to see that there is none.
            if (written < answer.Tokens)
            {
                stream.Token(sink.Output, answer, written);
            }
        }

        return written;
    }

    private async Task FinishAsync(HttpContext http, IAnswerFormat format, IStreamFormat? stream, Answer answer, Sequence sequence, AnswerSink sink)
    {
        answer.CachedTokens = sequence.CachedTokens;
        answer.Durations = (sequence.Times.FirstToken - sequence.Times.Arrived, sequence.Times.LastToken - sequence.Times.FirstToken);
        if (stream is null)
        {
            await WholeAsync(http, format, answer, sink);
            return;
        }

        stream.End(sink.Output, answer);
        await sink.FlushAsync();
    }

    private static async Task WholeAsync(HttpContext http, IAnswerFormat format, Answer answer, AnswerSink sink)
    {
        using var buffer = new FrameBuffer();
        format.Whole(buffer, answer);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = buffer.Length;
        sink.Output.Add(buffer.Written.Span);
        await sink.FlushAsync();
    }

    private static void StreamHeaders(HttpContext http, IStreamFormat stream)
    {
        http.Response.ContentType = stream.StreamType;
        http.Response.Headers.CacheControl = "no-cache";
    }

    private void AddLoadHeader(HttpContext http)
    {
        if (!http.Request.Headers.TryGetValue("endpoint-load-metrics-format", out var format))
        {
            return;
        }

        var (usage, waiting) = (server.Engine.Engine.KvUsage, server.Engine.Waiting);
        http.Response.Headers["endpoint-load-metrics"] = string.Equals(format, "json", StringComparison.OrdinalIgnoreCase)
            ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $$$"""JSON {"named_metrics": {"kv_cache_usage_perc": {{{usage:0.####}}}, "num_requests_waiting": {{{waiting}}}}}""")
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"TEXT named_metrics.kv_cache_usage_perc={usage:0.####}, named_metrics.num_requests_waiting={waiting}");
    }
}
