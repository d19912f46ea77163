using System.Buffers;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>OpenAI responses: named events, each numbered, no <c>[DONE]</c>.</summary>
internal sealed class ResponseFormat : IStreamFormat
{
    public string StreamType => "text/event-stream";

    public void Begin(IBufferWriter<byte> output, Answer answer)
    {
        Event(output, "response.created"u8, 0).Add(",\"response\":"u8);
        Response(output, answer, isDone: false);
        output.Add("}\n\n"u8);
        Event(output, "response.in_progress"u8, 1).Add(",\"response\":"u8);
        Response(output, answer, isDone: false);
        output.Add("}\n\n"u8);
        Event(output, "response.output_item.added"u8, 2).Add(",\"output_index\":0,\"item\":"u8);
        Item(output, answer, isDone: false);
        output.Add("}\n\n"u8);
        if (answer.Call.Tool is null)
        {
            Event(output, "response.content_part.added"u8, 3);
            At(output, answer).Add(",\"part\":{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"\"}}\n\n"u8);
        }
    }

    public void Token(IBufferWriter<byte> output, Answer answer, int index)
    {
        if (answer.Call.Tool is null)
        {
            Event(output, "response.output_text.delta"u8, 4 + index);
            At(output, answer).Add(",\"logprobs\":[],\"delta\":\""u8).Add(answer.TokenJson(index)).Add("\"}\n\n"u8);
        }
        else
        {
            Event(output, "response.function_call_arguments.delta"u8, 3 + index).Add(",\"item_id\":\"fc_"u8).Add(answer.Id)
                .Add("\",\"output_index\":0,\"delta\":\""u8).AddJson(answer.ToolPiece(index)).Add("\"}\n\n"u8);
        }
    }

    public void End(IBufferWriter<byte> output, Answer answer)
    {
        var number = (answer.Call.Tool is null ? 4 : 3) + answer.Tokens;
        if (answer.Call.Tool is null)
        {
            Event(output, "response.output_text.done"u8, number++);
            At(output, answer).Add(",\"logprobs\":[],\"text\":\""u8);
            answer.WriteText(output);
            output.Add("\"}\n\n"u8);
            Event(output, "response.content_part.done"u8, number++);
            At(output, answer).Add(",\"part\":"u8);
            Part(output, answer);
            output.Add("}\n\n"u8);
        }
        else
        {
            Event(output, "response.function_call_arguments.done"u8, number++).Add(",\"item_id\":\"fc_"u8).Add(answer.Id)
                .Add("\",\"output_index\":0,\"name\":\""u8).AddJson(answer.Call.Tool.Name).Add("\",\"arguments\":\""u8)
                .AddJson(answer.ToolArguments!).Add("\"}\n\n"u8);
        }

        Event(output, "response.output_item.done"u8, number++).Add(",\"output_index\":0,\"item\":"u8);
        Item(output, answer, isDone: true);
        output.Add("}\n\n"u8);
        Event(output, answer.IsCutByLength ? "response.incomplete"u8 : "response.completed"u8, number).Add(",\"response\":"u8);
        Response(output, answer, isDone: true);
        output.Add("}\n\n"u8);
    }

    public void Error(IBufferWriter<byte> output, string type, string message) =>
        Event(output, "error"u8, 0).Add(",\"code\":\""u8).Add(type).Add("\",\"message\":\""u8).AddJson(message).Add("\",\"param\":null}\n\n"u8);

    public void Whole(IBufferWriter<byte> output, Answer answer) => Response(output, answer, isDone: true);

    private static IBufferWriter<byte> Event(IBufferWriter<byte> output, ReadOnlySpan<byte> name, int number) =>
        output.Add("event: "u8).Add(name).Add("\ndata: {\"type\":\""u8).Add(name).Add("\",\"sequence_number\":"u8).Add(number);

    private static IBufferWriter<byte> At(IBufferWriter<byte> output, Answer answer) =>
        output.Add(",\"item_id\":\"msg_"u8).Add(answer.Id).Add("\",\"output_index\":0,\"content_index\":0"u8);

    private static void Part(IBufferWriter<byte> output, Answer answer)
    {
        output.Add("{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\""u8);
        answer.WriteText(output);
        output.Add("\"}"u8);
    }

    private static void Item(IBufferWriter<byte> output, Answer answer, bool isDone)
    {
        var status = !isDone ? "in_progress"u8 : answer.IsCutByLength ? "incomplete"u8 : "completed"u8;
        if (answer.Call.Tool is { } tool)
        {
            output.Add("{\"id\":\"fc_"u8).Add(answer.Id).Add("\",\"type\":\"function_call\",\"status\":\""u8).Add(status).Add("\",\"call_id\":\"call_"u8)
                .Add(answer.Id).Add("\",\"name\":\""u8).AddJson(tool.Name).Add("\",\"arguments\":\""u8).AddJson(isDone ? answer.ToolArguments! : "").Add("\"}"u8);
            return;
        }

        output.Add("{\"id\":\"msg_"u8).Add(answer.Id).Add("\",\"type\":\"message\",\"status\":\""u8).Add(status).Add("\",\"role\":\"assistant\",\"content\":["u8);
        if (isDone)
        {
            Part(output, answer);
        }

        output.Add("]}"u8);
    }

    private static void Response(IBufferWriter<byte> output, Answer answer, bool isDone)
    {
        var status = !isDone ? "in_progress"u8 : answer.IsCutByLength ? "incomplete"u8 : "completed"u8;
        output.Add("{\"id\":\"resp_"u8).Add(answer.Id).Add("\",\"object\":\"response\",\"created_at\":"u8).Add(Answer.Created).Add(",\"status\":\""u8).Add(status)
            .Add("\",\"background\":false,\"error\":null,\"incomplete_details\":"u8)
            .Add(isDone && answer.IsCutByLength ? "{\"reason\":\"max_output_tokens\"}"u8 : "null"u8)
            .Add(",\"instructions\":null,\"max_output_tokens\":null,\"model\":\""u8).Add(answer.ModelJson).Add("\",\"output\":["u8);
        if (isDone)
        {
            Item(output, answer, isDone: true);
        }

        output.Add("],\"parallel_tool_calls\":true,\"previous_response_id\":null,\"reasoning\":{\"effort\":null,\"summary\":null},\"store\":false,"u8)
            .Add("\"temperature\":1,\"text\":{\"format\":{\"type\":\"text\"}},\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":1,\"truncation\":\"disabled\",\"usage\":"u8);
        if (isDone)
        {
            output.Add("{\"input_tokens\":"u8).Add(answer.PromptTokens).Add(",\"input_tokens_details\":{\"cached_tokens\":"u8).Add(answer.CachedTokens)
                .Add("},\"output_tokens\":"u8).Add(answer.Tokens).Add(",\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":"u8)
                .Add(answer.PromptTokens + answer.Tokens).Add("}"u8);
        }
        else
        {
            output.Add("null"u8);
        }

        output.Add(",\"user\":null,\"metadata\":{}}"u8);
    }
}
