using System.Text;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Bytes sent on one connection and what must come of them.</summary>
/// <param name="Name">What it tries.</param>
/// <param name="Payload">The bytes, as Latin-1.</param>
/// <param name="Statuses">Statuses of the answers, in order; none for a connection that is closed without one.</param>
internal sealed record WireCase(string Name, string Payload, params int[] Statuses)
{
    public const string Chat = """{"model":"m","messages":[]}""";

    /// <summary>Whole requests the destination must have seen. Default: one for each answer that is 200.</summary>
    public int Forwarded { get; init; } = Statuses.Count(status => status == 200);

    /// <summary>Whether the connection must end after the answers; otherwise it must serve another request.</summary>
    public bool Closes { get; init; }

    /// <summary>Whether the client sends nothing more after the payload.</summary>
    public bool Finishes { get; init; }

    /// <summary>Whether the connection may end without the answer: a client that ends its side early may be taken for gone.</summary>
    public bool OrSilence { get; init; }

    /// <summary>Path of requests that stream and of which the destination may see a part before the rest is refused.</summary>
    public const string Streaming = "/plain/streams";

    /// <summary>The gateway's own code in the last answer.</summary>
    public string? Code { get; init; }

    /// <summary>What must be true of the first request forwarded.</summary>
    public Action<RecordedRequest>? Forwards { get; init; }

    /// <summary>What must be true of the last answer.</summary>
    public Action<RawAnswer>? Answers { get; init; }

    public bool IsHead => Payload.StartsWith("HEAD ", StringComparison.Ordinal);

    /// <summary>Accepted: forwarded once and answered 200.</summary>
    public static WireCase Passes(string name, string payload, Action<RecordedRequest>? forwards = null) => new(name, payload, 200) { Forwards = forwards };

    /// <summary>Refused by the server: the connection ends.</summary>
    public static WireCase Breaks(string name, string payload, int status = 400) => new(name, payload, status) { Closes = true };

    /// <summary>Refused by the gateway with one of its codes.</summary>
    public static WireCase Refused(string name, string payload, int status, string code) =>
        new(name, payload, status) { Code = code, Closes = code == "ambiguous_framing" };

    /// <summary>A GET of a path that is not read as inference.</summary>
    public static string Get(string path = "/plain/x", string headers = "", string version = "HTTP/1.1") => $"GET {path} {version}\r\nHost: gateway\r\n{headers}\r\n";

    /// <summary>A POST that is not read as inference; the framing is in <paramref name="headers"/>.</summary>
    public static string Post(string headers, string body, string version = "HTTP/1.1", string path = "/plain/x") => $"POST {path} {version}\r\nHost: gateway\r\n{headers}\r\n{body}";

    /// <summary>A completion request; the framing is in <paramref name="headers"/>.</summary>
    public static string Ask(string headers, string body) =>
        $"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n{headers}\r\n{body}";

    /// <summary>A completion request with a sound length.</summary>
    public static string Ask(string headers = "") => Ask($"Content-Length: {Chat.Length}\r\n{headers}", Chat);

    /// <summary>The completion's body in one sound chunk, with the size line and the end as given.</summary>
    public static string Chunk(string? size = null, string end = "\r\n0\r\n\r\n") => new StringBuilder(size ?? Chat.Length.ToString("x") + "\r\n").Append(Chat).Append(end).ToString();
}
