using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Inference;
using BlazeGateway.Policies.Tests.Pipeline.Wire;
using CsCheck;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Frames are parsed before and after by a parser of the test's own, and compared: the named changes were made and no others, wherever the stream was cut.</summary>
public sealed class RewrittenStreamTests
{
    private const string Public = "team/llama";

    private static readonly Gen<string> Frame = Gen.OneOf(
        "data: {\"id\":\"1\",\"model\":\"real\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hé 😀 \\\"model\\\":\\\"real\\\"\"}}],\"usage\":null}",
        "data: {\"usage\":null,\"model\":\"real\",\"choices\":[{\"delta\":{\"content\":\"\\u00e9\"}}]}",
        "data: {\"choices\":[],\"model\":\"real\",\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}",
        "data: {\"model\":\"re\\u0061l\",\"metadata\":{\"model\":\"other\",\"usage\":null},\"choices\":[{}]}",
        "data: {\"choices\":[{\"delta\":{\"model\":\"inner\"}}],\ndata: \"model\":\"real\"}",
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"real\",\"usage\":{\"input_tokens\":1}}}",
        "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"model\":\"real\",\"usage\":null}}",
        "id: 3\nretry: 10\ndata: {\"model\":null,\"usage\":null}",
        "data: {\"model\":\"real\",",
        "data: not JSON \"model\":\"real\"",
        ": keep-alive",
        "data: [DONE]");

    private static readonly Gen<(string[] Frames, string[] Ends, int[] Sizes, int[] Reads)> Streams = Gen.Select(
        Frame.Array[1, 12], Gen.OneOf("\n", "\r\n", "\r").Array[1, 4], Gen.Int[1, 50].Array[1, 30], Gen.Int[1, 40].Array[1, 20]);

    [Theory]
    [InlineData(true, Public)]
    [InlineData(true, null)]
    [InlineData(false, Public)]
    public void Parsed_frames_differ_by_what_was_asked_and_nothing_else(bool hideUsage, string? model) => Streams.Sample(
        stream =>
        {
            var end = stream.Ends[0];
            var text = string.Concat(stream.Frames.Select(frame => frame.Replace("\n", end, StringComparison.Ordinal) + end + end));
            var bytes = Encoding.UTF8.GetBytes(text);
            if (FirstEvent.Classify(Dialect.OpenAi, bytes).Kind is FirstEventKind.ClientError or FirstEventKind.ServerError)
            {
                return;
            }

            var room = new AnswerRoom(Dialect.OpenAi, isStream: true);
            var (actual, failure) = AnswerRoom.CopyAsync(room.Rewrite(new PiecesStream(bytes, stream.Sizes), hideUsage, model), stream.Reads).GetAwaiter().GetResult();
            Assert.Null(failure);
            Assert.Equal(Expected(text, end, hideUsage, model), Parse(actual, end));
        },
        iter: 1500);

    [Fact]
    public void A_rewritten_stream_that_breaks_still_fails_after_one_error_frame_or_none() => Gen.Select(Streams, Gen.Double[0, 1]).Sample(
        (stream, part) =>
        {
            var text = string.Concat(stream.Frames.Select(frame => frame + "\n\n"));
            var bytes = Encoding.UTF8.GetBytes(text);
            var room = new AnswerRoom(Dialect.OpenAi, isStream: true);
            var inner = new PiecesStream(bytes[..(int)(part * bytes.Length)], stream.Sizes, breaks: true);
            var (actual, failure) = AnswerRoom.CopyAsync(room.Rewrite(inner, hideUsage: true, Public), stream.Reads).GetAwaiter().GetResult();
            Assert.NotNull(failure);
            if (room.Context.AnswerEnd != AnswerEnd.BrokenAtFrame)
            {
                Assert.DoesNotContain("upstream_reset", actual, StringComparison.Ordinal);
                return;
            }

            var frames = Parse(actual, "\n");
            Assert.Contains("upstream_reset", frames[^1], StringComparison.Ordinal);
            Assert.Equal(Expected(Encoding.UTF8.GetString(bytes[..(int)(part * bytes.Length)]), "\n", hideUsage: true, Public), frames[..^1]);
        },
        iter: 1500);

    [Fact]
    public void Lines_get_their_name_back_wherever_they_are_cut() => Gen.Select(Gen.Int[1, 50].Array[1, 30], Gen.Int[1, 40].Array[1, 20]).Sample(
        (sizes, reads) =>
        {
            const string Text = "{\"model\":\"real\",\"message\":{\"role\":\"assistant\",\"content\":\"\\\"model\\\":\\\"real\\\" 😀\"},\"done\":false}\n{\"done\":true,\"model\":\"real\",\"eval_count\":2}\n";
            var room = new AnswerRoom(Dialect.Ollama, isStream: true);
            var (actual, failure) = AnswerRoom.CopyAsync(room.Rewrite(new PiecesStream(Encoding.UTF8.GetBytes(Text), sizes), hideUsage: false, Public), reads).GetAwaiter().GetResult();
            Assert.Null(failure);
            Assert.Equal(Text.Replace("{\"model\":\"real\"", $"{{\"model\":\"{Public}\"", StringComparison.Ordinal).Replace(",\"model\":\"real\"", $",\"model\":\"{Public}\"", StringComparison.Ordinal), actual);
        },
        iter: 1000);

    [Fact]
    public void A_document_gets_its_name_back_wherever_it_is_cut() => Gen.Select(Gen.Int[1, 50].Array[1, 30], Gen.Int[1, 40].Array[1, 20]).Sample(
        (sizes, reads) =>
        {
            const string Text = "{\"id\":\"x\",\"choices\":[{\"message\":{\"content\":\"\\\"model\\\":\\\"real\\\" 😀\"}}],\"model\":\"real\",\"usage\":{\"prompt_tokens\":1}}";
            var room = new AnswerRoom(Dialect.OpenAi, isStream: false);
            var (actual, failure) = AnswerRoom.CopyAsync(room.Rewrite(new PiecesStream(Encoding.UTF8.GetBytes(Text), sizes), hideUsage: false, Public), reads).GetAwaiter().GetResult();
            Assert.Null(failure);
            Assert.Equal(Text.Replace(",\"model\":\"real\"", $",\"model\":\"{Public}\"", StringComparison.Ordinal), actual);
        },
        iter: 1000);

    [Fact]
    public void Samples_of_every_dialect_pass_through_a_rewriter_that_finds_nothing_to_do()
    {
        foreach (var sample in StreamSamples.All.Where(sample => FirstEvent.Classify(sample.Dialect, sample.Bytes, ended: true).Kind == FirstEventKind.Answer))
        {
            Gen.Int[1, 60].Array[1, 30].Sample(
                sizes =>
                {
                    var room = new AnswerRoom(sample.Dialect, isStream: true);
                    var (actual, failure) = AnswerRoom.CopyAsync(room.Rewrite(new PiecesStream(sample.Bytes, sizes), hideUsage: false, model: null)).GetAwaiter().GetResult();
                    Assert.Null(failure);
                    Assert.Equal(sample.Text, actual);
                },
                iter: 50);
        }
    }

    private static string[] Expected(string text, string end, bool hideUsage, string? model)
    {
        var frames = new List<string>();
        foreach (var frame in Split(text, end))
        {
            if (Json(frame, end) is not { } json)
            {
                frames.Add(frame);
                continue;
            }

            if (hideUsage && json["choices"] is JsonArray { Count: 0 } && json["usage"] is JsonObject)
            {
                continue;
            }

            if (hideUsage && json.ContainsKey("usage") && json["usage"] is null)
            {
                json.Remove("usage");
            }

            foreach (var holder in new[] { json, json["message"] as JsonObject, json["response"] as JsonObject })
            {
                if (model is not null && holder?["model"] is JsonValue)
                {
                    holder["model"] = model;
                }
            }

            frames.Add(Show(frame, end, json));
        }

        return [.. frames];
    }

    private static string[] Parse(string text, string end) => [.. Split(text, end).Select(frame => Json(frame, end) is { } json ? Show(frame, end, json) : frame)];

    /// <summary>Frames without comments, which stand anywhere and belong to no frame.</summary>
    private static List<string> Split(string text, string end)
    {
        var frames = new List<string>();
        var lines = new List<string>();
        foreach (var line in text.Split(end).Append(""))
        {
            if (line.Length > 0)
            {
                lines.AddRange(line.StartsWith(':') ? [] : [line]);
            }
            else if (lines.Count > 0)
            {
                frames.Add(string.Join(end, lines));
                lines.Clear();
            }
        }

        return frames;
    }

    private static string Show(string frame, string end, JsonObject json) =>
        string.Concat(frame.Split(end).Where(line => !line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line + "\n")) + json.ToJsonString();

    private static JsonObject? Json(string frame, string end)
    {
        var data = string.Join('\n', frame.Split(end).Where(line => line.StartsWith("data:", StringComparison.Ordinal)).Select(line => line[5..]));
        try
        {
            return JsonNode.Parse(data) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
