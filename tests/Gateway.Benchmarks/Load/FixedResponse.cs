using System.CommandLine;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace BlazeGateway.Benchmarks.Load;

/// <summary>
/// The floor: answers every request with the same bytes, a chat completion or, when the body asks for a stream, 16 events. Kestrel without
/// hosting layers, on the polling threads, so that it is never what a comparison measures.
/// </summary>
internal static class FixedResponse
{
    private const int Events = 16;
    private static readonly byte[] Answer = Encoding.UTF8.GetBytes(
        """{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"fixed","choices":[{"index":0,"message":{"role":"assistant","content":"the same answer every time"},"finish_reason":"stop"}],"usage":{"prompt_tokens":64,"completion_tokens":16,"total_tokens":80}}""");

    private static readonly byte[] Event = Encoding.UTF8.GetBytes(
        """
        data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"fixed","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}


        """);

    public static RootCommand Create()
    {
        var url = new Option<string>("--url") { Description = "Address to listen on.", Required = true };
        var command = new RootCommand("Answers every request with the same bytes.") { url };
        command.SetAction(async (arguments, cancellation) =>
        {
            Environment.SetEnvironmentVariable(Bench.LoaderProcess.InlineCompletions, "1");
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls(arguments.GetRequiredValue(url));
            builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
            await using var app = builder.Build();
            app.Run(RespondAsync);
            await app.RunAsync(cancellation);
            return 0;
        });
        return command;
    }

    private static async Task RespondAsync(HttpContext context)
    {
        var isStream = false;
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            isStream |= AsksForStream(read.Buffer.FirstSpan);
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                break;
            }
        }

        if (!isStream)
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = Answer.Length;
            await context.Response.BodyWriter.WriteAsync(Answer, context.RequestAborted);
            return;
        }

        context.Response.ContentType = "text/event-stream";
        for (var index = 0; index < Events; index++)
        {
            await context.Response.BodyWriter.WriteAsync(Event, context.RequestAborted);
        }

        await context.Response.BodyWriter.WriteAsync("data: [DONE]\n\n"u8.ToArray(), context.RequestAborted);
    }

    private static bool AsksForStream(ReadOnlySpan<byte> body) => body[..Math.Min(body.Length, 256)].IndexOf("\"stream\":true"u8) >= 0;
}
