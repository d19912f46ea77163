using System.IO.Pipelines;
using System.Security.Cryptography;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>Reads a request's body whole and notes what arrived.</summary>
internal static class RequestBody
{
    /// <summary>Reads to the end. The caller advances the reader when it is done with the buffer.</summary>
    public static async ValueTask<ReadResult> ReadAsync(HttpContext http, ServerContext server)
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
            Remember(http, server, read);
        }

        return read;
    }

    private static void Remember(HttpContext http, ServerContext server, ReadResult read)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var segment in read.Buffer)
        {
            sha.AppendData(segment.Span);
        }

        var headers = http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        server.Stats.Remember(new SeenRequest(
            http.Request.Method,
            http.Request.Path + http.Request.QueryString,
            headers,
            Convert.ToHexStringLower(sha.GetHashAndReset()),
            read.Buffer.Length,
            server.Time.GetUtcNow()));
    }
}
