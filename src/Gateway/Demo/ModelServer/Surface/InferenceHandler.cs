using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using BlazeGateway.Demo.ModelServer.Answers;
using BlazeGateway.Demo.ModelServer.Batching;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>Serves one operation: reads the call, runs it through the engine, writes the answer.</summary>
internal sealed class InferenceHandler(ServerContext server, IAnswerFormat format)
{
    public async Task HandleAsync(HttpContext http)
    {
        InferenceCall call;
        var read = await ReadBodyAsync(http);
        try
        {
            using var body = JsonDocument.Parse(read.Buffer);
            call = CallReader.Chat(body.RootElement, server.Options.Models[0], server.Options.Unpaced ? 0 : server.Options.Engine.BlockTokens);
        }
        catch (JsonException e)
        {
            await Replies.JsonAsync(http, 400, ErrorBody.OpenAi("invalid_request_error", $"The body is not JSON: {e.Message}", null, null));
            return;
        }
        catch (BadCallException e)
        {
            await Replies.JsonAsync(http, 400, ErrorBody.OpenAi("invalid_request_error", e.Message, e.Field, null));
            return;
        }
        finally
        {
            http.Request.BodyReader.AdvanceTo(read.Buffer.End);
        }

        if (!server.Options.Models.Contains(call.Model, StringComparer.Ordinal))
        {
            await Replies.JsonAsync(http, 404, ErrorBody.OpenAi("NotFoundError", $"The model `{call.Model}` does not exist.", "model", "model_not_found"));
            return;
        }

        var answer = new Answer(call, server.Options.Seed, server.Options.AnswerTokens);
        await (server.Options.Unpaced ? AtOnceAsync(http, answer) : PacedAsync(http, answer));
    }

    private async Task AtOnceAsync(HttpContext http, Answer answer)
    {
        var output = http.Response.BodyWriter;
        if (answer.Call.Stream)
        {
            StreamHeaders(http);
            format.Begin(output, answer);
            for (var i = 0; i < answer.Tokens; i++)
            {
                format.Token(output, answer, i);
            }

            format.End(output, answer);
        }
        else
        {
            http.Response.ContentType = "application/json";
            format.Whole(output, answer);
        }

        await output.FlushAsync(http.RequestAborted);
    }

    private async Task PacedAsync(HttpContext http, Answer answer)
    {
        var sequence = new Sequence(answer.Call.Prompt, answer.Tokens, answer.Call.Stream) { EndsByLength = answer.IsCutByLength };
        await using var left = http.RequestAborted.UnsafeRegister(static s => ((Sequence)s!).Cancel(), sequence);
        server.Engine.Add(sequence);
        var output = http.Response.BodyWriter;
        if (answer.Call.Stream)
        {
            StreamHeaders(http);
            await output.FlushAsync(http.RequestAborted);
        }

        for (var written = 0; !sequence.IsOver;)
        {
            await sequence.Signal.WaitAsync();
            written = await StreamTokensAsync(http, answer, sequence, written);
        }

        if (sequence.State == SequenceState.Cancelled)
        {
            return;
        }

        if (answer.Call.Stream)
        {
            format.End(output, answer);
        }
        else
        {
            answer.CachedTokens = sequence.CachedTokens;
            http.Response.ContentType = "application/json";
            format.Whole(output, answer);
        }

        await output.FlushAsync(http.RequestAborted);
    }

    private async ValueTask<int> StreamTokensAsync(HttpContext http, Answer answer, Sequence sequence, int written)
    {
        if (!answer.Call.Stream || sequence.Emitted == written)
        {
            return written;
        }

        var output = http.Response.BodyWriter;
        if (written == 0)
        {
            answer.CachedTokens = sequence.CachedTokens;
            format.Begin(output, answer);
        }

        for (var ready = sequence.Emitted; written < ready; written++)
        {
            format.Token(output, answer, written);
        }

        await output.FlushAsync(http.RequestAborted);
        return written;
    }

    private void StreamHeaders(HttpContext http)
    {
        http.Response.ContentType = format.StreamType;
        http.Response.Headers.CacheControl = "no-cache";
    }

    private async ValueTask<ReadResult> ReadBodyAsync(HttpContext http)
    {
        var reader = http.Request.BodyReader;
        var read = await reader.ReadAsync(http.RequestAborted);
        while (!read.IsCompleted)
        {
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await reader.ReadAsync(http.RequestAborted);
        }

        if (server.Stats.Remembers)
        {
            var headers = http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
            using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var segment in read.Buffer)
            {
                sha.AppendData(segment.Span);
            }

            server.Stats.Remember(new SeenRequest(
                http.Request.Method,
                http.Request.Path + http.Request.QueryString,
                headers,
                Convert.ToHexStringLower(sha.GetHashAndReset()),
                read.Buffer.Length,
                server.Time.GetUtcNow()));
        }

        return read;
    }
}
