using System.Buffers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>The request's id: what the client sent as <c>X-Request-Id</c> when that is sound, else a new one.</summary>
internal sealed class RequestId
{
    /// <summary>The header, in requests and answers.</summary>
    public const string Header = "X-Request-Id";

    private const int Longest = 128;
    private const string Digits = "0123456789abcdefghijklmnopqrstuv";

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-/+=");

    // A random start per process keeps ids of two nodes apart; the counter keeps them apart within one.
    private readonly ulong _prefix = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
    private ulong _next;

    /// <summary>Keeps or makes the id and writes it into the request's headers.</summary>
    public string Assign(HttpContext http)
    {
        var headers = http.Request.Headers;
        var sent = headers[Header];
        if (sent.Count == 1 && sent[0] is { Length: > 0 and <= Longest } id && !id.AsSpan().ContainsAnyExcept(Allowed))
        {
            return id;
        }

        id = string.Create(26, (_prefix, Interlocked.Increment(ref _next)), static (span, state) =>
        {
            var (prefix, count) = state;
            for (var i = 12; i >= 0; i--, prefix >>= 5)
            {
                span[i] = Digits[(int)(prefix & 31)];
            }

            for (var i = 25; i >= 13; i--, count >>= 5)
            {
                span[i] = Digits[(int)(count & 31)];
            }
        });
        headers[Header] = id;
        return id;
    }
}
