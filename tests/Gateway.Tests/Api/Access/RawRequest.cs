using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace BlazeGateway.Tests.Api.Access;

/// <summary>An answer as it came over the wire.</summary>
internal sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>The code of a problem, or null when the answer is none.</summary>
    public string? Code => Headers.GetValueOrDefault("Content-Type", "").StartsWith("application/problem+json", StringComparison.Ordinal) && Body.Length > 0
        ? JsonDocument.Parse(Body).RootElement.GetProperty("code").GetString()
        : null;
}

/// <summary>Sends bytes a well-behaved client would not send.</summary>
internal static class RawRequest
{
    public static async Task<RawAnswer> SendAsync(Uri address, string request, CancellationToken cancellation)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, cancellation);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), cancellation);
        using var received = new MemoryStream();
        try
        {
            await stream.CopyToAsync(received, cancellation);
        }
        catch (IOException)
        {
            // A server that refuses a request before it was read may reset the connection after its answer.
        }

        return Parse(Encoding.UTF8.GetString(received.ToArray()));
    }

    private static RawAnswer Parse(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        Assert.True(end > 0, $"No answer but '{text}'.");
        var lines = text[..end].Split("\r\n");
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2))
            .GroupBy(pair => pair[0], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key, group => string.Join(", ", group.Select(pair => pair[1])), StringComparer.OrdinalIgnoreCase);
        var body = text[(end + 4)..];
        return new RawAnswer(int.Parse(lines[0].Split(' ')[1]), headers, headers.ContainsKey("Transfer-Encoding") ? Unchunk(body) : body);
    }

    private static string Unchunk(string body)
    {
        var whole = new StringBuilder();
        while (body.IndexOf("\r\n", StringComparison.Ordinal) is > 0 and var end && Convert.ToInt32(body[..end], 16) is > 0 and var length)
        {
            whole.Append(body.AsSpan(end + 2, length));
            body = body[(end + 2 + length + 2)..];
        }

        return whole.ToString();
    }
}
