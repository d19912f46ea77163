using System.Globalization;
using System.Text;
using BlazeGateway.Demo.Simulation.Workloads;

namespace BlazeGateway.Benchmarks.Claims;

/// <summary>
/// Writes requests of a workload as clients send them: streamed chat completions whose messages are the parts of the prompt. Parts of equal seed become
/// equal text; a part of n tokens becomes 4n bytes of the prompt the model sees, the mark of its role included. Letters and digits only, so that
/// the text in JSON is the text itself. The mark that asks for the answer adds 4 tokens to every prompt.
/// </summary>
/// <param name="url">Where the requests go.</param>
/// <param name="salt">Another salt says other things: no prefix is shared with what was said under another.</param>
internal sealed class RequestWriter(Uri url, ulong salt)
{
    /// <summary>The field that names the conversation, for proxies that keep conversations together; <c>prompt_cache_key</c> in the body says the same.</summary>
    public const string SessionField = "x-session-id";

    private const int BytesPerToken = 4;
    private const int BitsPerLetter = 5;
    private const string Letters = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>Head and body of a request; <paramref name="index"/> tells apart those of no conversation.</summary>
    public byte[] Write(WorkloadRequest request, int index)
    {
        var conversation = request.Session >= 0 ? $"c{request.Session}-{salt}" : $"r{index}-{salt}";
        var body = new StringBuilder(512 + (request.PromptTokens * BytesPerToken))
            .Append(CultureInfo.InvariantCulture, $"{{\"model\":\"{RealFleet.Model}\",\"stream\":true,\"max_tokens\":{request.AnswerTokens},\"ignore_eos\":true,\"prompt_cache_key\":\"{conversation}\",\"messages\":[");
        for (var part = 0; part < request.Parts.Count; part++)
        {
            var role = RoleOf(part, request.Parts.Count);
            body.Append(part == 0 ? "" : ",").Append("{\"role\":\"").Append(role).Append("\",\"content\":\"");
            Say(body, request.Parts[part], Math.Max(1, (request.Parts[part].Tokens * BytesPerToken) - role.Length - "<||>".Length));
            body.Append("\"}");
        }

        body.Append("]}");
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: {url.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n{SessionField}: {conversation}\r\n\r\n");
        return Encoding.ASCII.GetBytes(head + body);
    }

    // The last part is what the user says now, every second before it too; with an even number of parts the first is the system's.
    private static string RoleOf(int part, int parts) => (parts - 1 - part) % 2 == 0 ? "user" : part == 0 ? "system" : "assistant";

    private void Say(StringBuilder text, PromptPart part, int bytes)
    {
        var state = part.Seed ^ (salt * 0x9E3779B97F4A7C15);
        var (bits, left) = (0UL, 0);
        for (; bytes > 0; bytes--, bits >>= BitsPerLetter, left--)
        {
            if (left == 0)
            {
                bits = Next(ref state);
                left = 64 / BitsPerLetter;
            }

            text.Append(Letters[(int)(bits & 31)]);
        }
    }

    // SplitMix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014).
    private static ulong Next(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
