using System.Text;

namespace BlazeGateway.Tests.Api.Access;

/// <summary>
/// Ways around the guard. Each is refused with the status it deserves and nothing happens, or is handled as its plain spelling is.
/// In the texts HERE is the address, and VIEWER, OPERATOR and EXPIRED are tokens.
/// </summary>
public sealed class GuardTests : IAsyncLifetime
{
    private const string Reload = "POST /api/v1/config/reload HTTP/1.1";
    private const string Close = "\nConnection: close\n";
    private const string Operator = "\nHost: HERE\nAuthorization: Bearer OPERATOR" + Close;
    private const string NoToken = "\nHost: HERE" + Close;
    private GuardedHost _host = null!;

    /// <summary>Name, request (line feeds become CR LF), status, and code; no code where Kestrel refuses before anything of ours runs.</summary>
    public static TheoryData<string, string, int, string?> Tricks => new()
    {
        { "forged host", $"{Reload}\nHost: evil.test\nAuthorization: Bearer OPERATOR{Close}", 421, "host_not_allowed" },
        { "host that begins like ours", $"{Reload}\nHost: localhost.evil.test\nAuthorization: Bearer OPERATOR{Close}", 421, "host_not_allowed" },
        { "host that begins like an address", $"{Reload}\nHost: 127.0.0.1.evil.test\nAuthorization: Bearer OPERATOR{Close}", 421, "host_not_allowed" },
        { "host with a dot at its end", $"{Reload}\nHost: localhost.\nAuthorization: Bearer OPERATOR{Close}", 421, "host_not_allowed" },
        { "address that is not ours", $"{Reload}\nHost: 10.1.2.3\nAuthorization: Bearer OPERATOR{Close}", 421, "host_not_allowed" },
        { "every address", $"{Reload}\nHost: 0.0.0.0\nAuthorization: Bearer OPERATOR{Close}", 421, "host_not_allowed" },
        { "empty host", $"{Reload}\nHost:\nAuthorization: Bearer OPERATOR{Close}", 421, "host_not_allowed" },
        { "no host in HTTP/1.0", "POST /api/v1/config/reload HTTP/1.0\nContent-Length: 0\nAuthorization: Bearer OPERATOR\n", 421, "host_not_allowed" },
        { "no host in HTTP/1.1", $"{Reload}\nAuthorization: Bearer OPERATOR{Close}", 400, null },
        { "two hosts", $"{Reload}\nHost: HERE\nHost: evil.test\nAuthorization: Bearer OPERATOR{Close}", 400, null },
        { "host of a proxy", $"{Reload}\nHost: evil.test\nX-Forwarded-Host: localhost\nForwarded: host=localhost\nAuthorization: Bearer OPERATOR{Close}", 421, "host_not_allowed" },
        { "whole address of another host", $"POST http://evil.test/api/v1/config/reload HTTP/1.1\nHost: evil.test\nAuthorization: Bearer OPERATOR{Close}", 421, "host_not_allowed" },
        { "whole address beside our host", $"POST http://evil.test/api/v1/config/reload HTTP/1.1{Operator}", 400, null },
        { "rebound name", $"{Reload}\nHost: evil.test\nOrigin: http://evil.test\nSec-Fetch-Site: same-origin{Close}", 421, "host_not_allowed" },
        { "rebound name that reads", $"GET /api/v1/config HTTP/1.1\nHost: evil.test\nSec-Fetch-Site: same-origin{Close}", 421, "host_not_allowed" },
        { "rebound name on an open page", $"GET /livez HTTP/1.1\nHost: evil.test{Close}", 421, "host_not_allowed" },

        { "origin null", $"{Reload}\nOrigin: null{Operator}", 403, "origin_not_allowed" },
        { "origin of another site", $"{Reload}\nOrigin: http://evil.test{Operator}", 403, "origin_not_allowed" },
        { "origin of another scheme", $"{Reload}\nOrigin: https://HERE{Operator}", 403, "origin_not_allowed" },
        { "origin of another port", $"{Reload}\nOrigin: http://127.0.0.1:1{Operator}", 403, "origin_not_allowed" },
        { "origin that begins like ours", $"{Reload}\nOrigin: http://HERE.evil.test{Operator}", 403, "origin_not_allowed" },
        { "empty origin", $"{Reload}\nOrigin:{Operator}", 403, "origin_not_allowed" },
        { "two origins", $"{Reload}\nOrigin: http://HERE\nOrigin: http://evil.test{Operator}", 403, "origin_not_allowed" },
        { "cross-site without origin", $"{Reload}\nSec-Fetch-Site: cross-site{Operator}", 403, "origin_not_allowed" },
        { "same site, other origin", $"{Reload}\nSec-Fetch-Site: same-site{Operator}", 403, "origin_not_allowed" },
        { "typed address that posts", $"{Reload}\nSec-Fetch-Site: none{Operator}", 403, "origin_not_allowed" },
        { "our origin, cross-site", $"{Reload}\nOrigin: http://HERE\nSec-Fetch-Site: cross-site{Operator}", 403, "origin_not_allowed" },
        { "preflight of another site", $"OPTIONS /api/v1/config/reload HTTP/1.1\nOrigin: http://evil.test\nAccess-Control-Request-Method: POST{NoToken}", 403, "origin_not_allowed" },

        { "body without type", $"{Reload}\nContent-Length: 2{Operator}\n{{}}", 415, "content_type_not_json" },
        { "body of text", $"{Reload}\nContent-Type: text/plain\nContent-Length: 2{Operator}\n{{}}", 415, "content_type_not_json" },
        { "body of a form", $"{Reload}\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 3{Operator}\na=b", 415, "content_type_not_json" },
        { "body of another type with json in its name", $"{Reload}\nContent-Type: application/json-seq\nContent-Length: 2{Operator}\n{{}}", 415, "content_type_not_json" },
        { "body with two types", $"{Reload}\nContent-Type: application/json\nContent-Type: text/plain\nContent-Length: 2{Operator}\n{{}}", 415, "content_type_not_json" },
        { "body in chunks without type", $"{Reload}\nTransfer-Encoding: chunked{Operator}\n2\n{{}}\n0\n", 415, "content_type_not_json" },
        { "compressed body", $"{Reload}\nContent-Type: application/json\nContent-Encoding: gzip\nContent-Length: 2{Operator}\n{{}}", 415, "content_type_not_json" },
        { "large body", $"{Reload}\nContent-Type: application/json\nContent-Length: 1048577{Operator}", 413, "body_too_large" },

        { "no token", $"{Reload}{NoToken}", 401, "token_missing" },
        { "no token, reading", $"GET /metrics HTTP/1.1{NoToken}", 401, "token_missing" },
        { "no token, cluster names", $"GET /readyz?verbose HTTP/1.1{NoToken}", 401, "token_missing" },
        { "token of a lower role", $"{Reload}\nHost: HERE\nAuthorization: Bearer VIEWER{Close}", 403, "role_too_low" },
        { "token of a lower role, method in lower case", $"post /api/v1/config/reload HTTP/1.1\nHost: HERE\nAuthorization: Bearer VIEWER{Close}", 403, "role_too_low" },
        { "expired token", $"{Reload}\nHost: HERE\nAuthorization: Bearer EXPIRED{Close}", 401, "token_expired" },
        { "token in the query", $"POST /api/v1/config/reload?access_token=OPERATOR&token=OPERATOR HTTP/1.1{NoToken}", 401, "token_missing" },
        { "token in a cookie", $"{Reload}\nCookie: token=OPERATOR; Authorization=Bearer OPERATOR{NoToken}", 401, "token_missing" },
        { "token in headers of clients", $"{Reload}\nx-api-key: OPERATOR\napi-key: OPERATOR\nProxy-Authorization: Bearer OPERATOR{NoToken}", 401, "token_missing" },
        { "two tokens, both good", $"{Reload}\nAuthorization: Bearer OPERATOR{Operator}", 401, "token_invalid" },
        { "two tokens, one bad", $"{Reload}\nAuthorization: Bearer x{Operator}", 401, "token_invalid" },
        { "two tokens in one header", $"{Reload}\nHost: HERE\nAuthorization: Bearer OPERATOR, Bearer OPERATOR{Close}", 401, "token_invalid" },
        { "basic", $"{Reload}\nHost: HERE\nAuthorization: Basic BASIC{Close}", 401, "token_invalid" },
        { "scheme of another name", $"{Reload}\nHost: HERE\nAuthorization: Token OPERATOR{Close}", 401, "token_invalid" },
        { "no scheme", $"{Reload}\nHost: HERE\nAuthorization: OPERATOR{Close}", 401, "token_invalid" },
        { "scheme without token", $"{Reload}\nHost: HERE\nAuthorization: Bearer {Close}", 401, "token_invalid" },
        { "token in upper case", $"{Reload}\nHost: HERE\nAuthorization: Bearer SHOUTED{Close}", 401, "token_invalid" },
        { "token with more behind", $"{Reload}\nHost: HERE\nAuthorization: Bearer OPERATOR={Close}", 401, "token_invalid" },
        { "token in quotation marks", $"{Reload}\nHost: HERE\nAuthorization: Bearer \"OPERATOR\"{Close}", 401, "token_invalid" },
        { "two spaces", $"{Reload}\nHost: HERE\nAuthorization: Bearer  OPERATOR{Close}", 401, "token_invalid" },
        { "hash of the token", $"{Reload}\nHost: HERE\nAuthorization: Bearer HASH{Close}", 401, "token_invalid" },
        { "name of the token", $"{Reload}\nHost: HERE\nAuthorization: Bearer operator{Close}", 401, "token_invalid" },
        { "key of a client", $"{Reload}\nHost: HERE\nAuthorization: Bearer sk-proj-abcdefghijklmnopqrstuvwxyz{Close}", 401, "token_invalid" },
        { "long token", $"{Reload}\nHost: HERE\nAuthorization: Bearer {new string('a', 20_000)}{Close}", 401, "token_invalid" },
        { "endless token", $"{Reload}\nHost: HERE\nAuthorization: Bearer {new string('a', 40_000)}{Close}", 431, null },
        { "bad token, page of another site", $"{Reload}\nOrigin: http://evil.test\nHost: HERE\nAuthorization: Bearer x{Close}", 403, "origin_not_allowed" },

        { "method by header", $"GET /api/v1/config/reload HTTP/1.1\nX-HTTP-Method-Override: POST\nX-HTTP-Method: POST\nX-Method-Override: POST{Operator}", 405, "method_not_allowed" },
        { "method by query", $"GET /api/v1/config/reload?_method=POST HTTP/1.1{Operator}", 405, "method_not_allowed" },
        { "HEAD of an action", $"HEAD /api/v1/config/reload HTTP/1.1{Operator}", 405, null },
        { "OPTIONS", $"OPTIONS /api/v1/config/reload HTTP/1.1{Operator}", 405, "method_not_allowed" },
        { "OPTIONS of everything", $"OPTIONS * HTTP/1.1{Operator}", 400, "invalid_path" },
        { "TRACE", $"TRACE /api/v1/config/reload HTTP/1.1{Operator}", 405, "method_not_allowed" },
        { "PUT", $"PUT /api/v1/config/reload HTTP/1.1{Operator}", 405, "method_not_allowed" },
        { "DELETE of a page", $"DELETE /metrics HTTP/1.1{Operator}", 405, "method_not_allowed" },
        { "method of no name", $"FROBNICATE /api/v1/config/reload HTTP/1.1{Operator}", 405, "method_not_allowed" },

        { "two slashes", $"POST //api/v1/config/reload HTTP/1.1{Operator}", 400, "invalid_path" },
        { "two slashes inside", $"POST /api//v1/config/reload HTTP/1.1{Operator}", 400, "invalid_path" },
        { "dots", $"POST /livez/../api/v1/config/reload HTTP/1.1{Operator}", 400, "invalid_path" },
        { "dots to a page without token", $"GET /livez/../metrics HTTP/1.1{NoToken}", 400, "invalid_path" },
        { "one dot", $"POST /api/./v1/config/reload HTTP/1.1{Operator}", 400, "invalid_path" },
        { "escaped dots", $"GET /livez/%2e%2e/metrics HTTP/1.1{NoToken}", 400, "invalid_path" },
        { "escaped slash", $"POST /api%2fv1/config/reload HTTP/1.1{Operator}", 400, "invalid_path" },
        { "escaped slash behind dots", $"GET /livez/..%2fmetrics HTTP/1.1{NoToken}", 400, "invalid_path" },
        { "slash escaped twice", $"POST /api%252fv1/config/reload HTTP/1.1{Operator}", 400, "invalid_path" },
        { "escaped letter", $"POST /%61pi/v1/config/reload HTTP/1.1{Operator}", 400, "invalid_path" },
        { "escaped null", $"GET /metrics%00/livez HTTP/1.1{NoToken}", 400, null },
        { "escaped question mark", $"GET /metrics%3f/livez HTTP/1.1{NoToken}", 400, "invalid_path" },
        { "path parameter", $"GET /livez;/../metrics HTTP/1.1{NoToken}", 400, "invalid_path" },
        { "path parameter at the end", $"GET /metrics;.css HTTP/1.1{NoToken}", 400, "invalid_path" },
        { "backslash", $"GET /livez\\..\\metrics HTTP/1.1{NoToken}", 400, "invalid_path" },
        { "fragment", $"GET /metrics#/livez HTTP/1.1{NoToken}", 400, "invalid_path" },
        { "upper case", $"GET /METRICS HTTP/1.1{NoToken}", 404, "path_not_found" },
        { "upper case with a token", $"POST /API/v1/Config/Reload HTTP/1.1{Operator}", 404, "path_not_found" },
        { "slash at the end", $"GET /metrics/ HTTP/1.1{NoToken}", 404, "path_not_found" },
        { "slash at the end with a token", $"POST /api/v1/config/reload/ HTTP/1.1{Operator}", 404, "path_not_found" },
        { "more behind", $"GET /metrics/livez HTTP/1.1{NoToken}", 404, "path_not_found" },
        { "path of an open page with more behind", $"GET /livez/metrics HTTP/1.1{NoToken}", 404, "path_not_found" },
        { "path by header", $"GET /nothing HTTP/1.1\nX-Original-URL: /metrics\nX-Rewrite-URL: /metrics{NoToken}", 404, "path_not_found" },
        { "path of an open page in the query", $"GET /metrics?/livez HTTP/1.1{NoToken}", 401, "token_missing" },
        { "path of clients", $"POST /v1/chat/completions HTTP/1.1{Operator}", 404, "path_not_found" },
    };

    public static TheoryData<string, string> Spellings => new()
    {
        { "plain", $"{Reload}{Operator}" },
        { "scheme in lower case", $"{Reload}\nHost: HERE\nAuthorization: bearer OPERATOR{Close}" },
        { "scheme in upper case", $"{Reload}\nHost: HERE\nAuthorization: BEARER OPERATOR{Close}" },
        { "method in lower case", $"post /api/v1/config/reload HTTP/1.1{Operator}" },
        { "method override that agrees", $"{Reload}\nX-HTTP-Method-Override: GET{Operator}" },
        { "whole address", $"POST http://HERE/api/v1/config/reload HTTP/1.1{Operator}" },
        { "name in upper case", $"{Reload}\nHost: LOCALHOST:1234\nAuthorization: Bearer OPERATOR{Close}" },
        { "another spelling of loopback", $"{Reload}\nHost: [::1]:1234\nAuthorization: Bearer OPERATOR{Close}" },
        { "page of ours", $"{Reload}\nOrigin: http://HERE\nSec-Fetch-Site: same-origin{Operator}" },
        { "body of JSON", $"{Reload}\nContent-Type: Application/JSON; charset=utf-8\nContent-Length: 2{Operator}\n{{}}" },
        { "body in chunks", $"{Reload}\nContent-Type: application/json\nTransfer-Encoding: chunked{Operator}\n2\n{{}}\n0\n" },
        { "empty body of no type", $"{Reload}\nContent-Length: 0{Operator}" },
        { "query nobody reads", $"POST /api/v1/config/reload?a=b HTTP/1.1{Operator}" },
        { "higher role", $"{Reload}\nHost: HERE\nAuthorization: Bearer ADMIN{Close}" },
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await GuardedHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [MemberData(nameof(Tricks))]
    public async Task A_way_around_the_guard_is_closed(string name, string request, int status, string? code)
    {
        var refused = code is null ? 0 : await _host.RefusedAsync(code);
        var answer = await SendAsync(request);

        Assert.True(answer.Status == status, $"{name}: answered {answer.Status}, not {status}: {answer.Body}");
        Assert.Equal(code, answer.Code);
        Assert.Equal(0, _host.Reloads.Count);
        if (code is not null)
        {
            Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
            Assert.Equal(refused + 1, await _host.RefusedAsync(code));
        }

        Assert.Equal(status == 401, answer.Headers.ContainsKey("WWW-Authenticate"));
        Assert.DoesNotContain(OurLines(), entry => GuardedHost.Tokens.Values.Any(token => entry.Text.Contains(token, StringComparison.OrdinalIgnoreCase)));
        Assert.DoesNotContain(GuardedHost.Tokens.Values, token => answer.Body.Contains(token, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [MemberData(nameof(Spellings))]
    public async Task Another_spelling_of_the_same_is_the_same(string name, string request)
    {
        var answer = await SendAsync(request);
        Assert.True(answer.Status == 200, $"{name}: answered {answer.Status}: {answer.Body}");
        Assert.Equal(1, _host.Reloads.Count);
    }

    [Fact]
    public async Task An_origin_on_the_list_may_change_things()
    {
        await using var host = await GuardedHost.StartAsync(options => options with { AllowedOrigins = ["https://gateway.example.com"] });
        async Task<int> StatusAsync(string origin)
        {
            var request = $"{Reload}\nOrigin: {origin}\nSec-Fetch-Site: cross-site{Operator}";
            return (await RawRequest.SendAsync(host.Address, Fill(request, host.Address), Cancel)).Status;
        }

        Assert.Equal(200, await StatusAsync("https://gateway.example.com"));
        Assert.Equal(403, await StatusAsync("http://gateway.example.com"));
        Assert.Equal(403, await StatusAsync("https://gateway.example.com.evil.test"));
        Assert.Equal(1, host.Reloads.Count);
    }

    private IEnumerable<LogEntry> OurLines() => _host.Host.Log.All.Where(entry => entry.Category.StartsWith("BlazeGateway", StringComparison.Ordinal));

    private Task<RawAnswer> SendAsync(string request) => RawRequest.SendAsync(_host.Address, Fill(request, _host.Address), Cancel);

    private static string Fill(string request, Uri address)
    {
        var token = GuardedHost.Tokens["operator"];
        var text = request
            .Replace("HERE", address.Authority, StringComparison.Ordinal)
            .Replace("BASIC", Convert.ToBase64String(Encoding.ASCII.GetBytes($"operator:{token}")), StringComparison.Ordinal)
            .Replace("SHOUTED", token.ToUpperInvariant(), StringComparison.Ordinal)
            .Replace("HASH", Convert.ToHexStringLower(BlazeGateway.Api.Access.AdminTokenText.HashOf(token)), StringComparison.Ordinal)
            .Replace("\n", "\r\n", StringComparison.Ordinal);
        return GuardedHost.Tokens.Aggregate(text, (all, pair) => all.Replace(pair.Key.ToUpperInvariant(), pair.Value, StringComparison.Ordinal)) + "\r\n";
    }
}
