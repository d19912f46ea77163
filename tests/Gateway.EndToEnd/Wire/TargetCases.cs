using static BlazeGateway.EndToEnd.Wire.WireCase;

namespace BlazeGateway.EndToEnd.Wire;

/// <summary>Paths and methods: what is matched is what is forwarded.</summary>
internal static class TargetCases
{
    private const string Invalid = "invalid_path";

    public static IEnumerable<WireCase> All => [.. Paths(), .. Methods()];

    private static IEnumerable<WireCase> Paths()
    {
        static Action<RecordedRequest> Target(string target) => seen => Assert.Equal(target, seen.Target);
        yield return Passes("a query", Get("/plain/x?a=b&c=%2F&d=/../&e=;"), Target("/plain/x?a=b&c=%2F&d=/../&e=;"));
        yield return Passes("an escaped letter", Get("/plain/%C3%BC"), Target("/plain/%C3%BC"));
        yield return Passes("an escaped space", Get("/plain/a%20b"), Target("/plain/a%20b"));
        yield return Passes("parameters of a segment", Get("/plain/x;a=b"), Target("/plain/x;a=b"));
        yield return Passes("dots that are no segment", Get("/plain/a..b/...;x"), Target("/plain/a..b/...;x"));
        yield return Passes("a dot segment that stays inside", Get("/plain/a/../x"), Target("/plain/x"));
        yield return Passes("an escaped dot segment that stays inside", Get("/plain/a/%2e%2e/x"), Target("/plain/x"));
        yield return Refused("a dot segment that leads out", Get("/plain/../admin"), 404, "route_not_found");
        yield return Refused("an escaped dot segment that leads out", Get("/plain/%2e%2e/admin"), 404, "route_not_found");
        yield return Refused("dot segments beyond the root", Get("/plain/../../../../etc/passwd"), 404, "route_not_found");
        yield return Passes("escaped slashes do not lead out", Get("/plain/%2f..%2fadmin"), seen => Assert.DoesNotContain("/admin", seen.Target, StringComparison.Ordinal));
        yield return Refused("a backslash", Get("/plain/..\\admin"), 400, Invalid);
        yield return Refused("parameters of a dot segment", Get("/plain/..;/admin"), 400, Invalid);
        yield return Refused("a double slash inside", Get("/plain//x"), 400, Invalid);
        yield return Refused("a double slash in front", Get("//plain/x"), 404, "route_not_found");
        yield return Refused("a broken escape", Get("/plain/%zz"), 400, Invalid);
        yield return Refused("half an escape", Get("/plain/%2"), 400, Invalid);
        yield return Breaks("an escaped null", Get("/plain/%00"));
        yield return Refused("a tab", Get("/plain/a\tb"), 400, Invalid);
        yield return Refused("a fragment", Get("/plain/x#y"), 400, Invalid);
        yield return Breaks("a byte beyond ASCII", Get("/plain/\xc3\xbc"));
        yield return Passes("an overlong slash", Get("/plain/..%c0%afadmin"), seen => Assert.DoesNotContain("/admin", seen.Target, StringComparison.Ordinal));
        yield return Passes("an address inside the path", Get("/plain/http:x"), Target("/plain/http:x"));
    }

    private static IEnumerable<WireCase> Methods()
    {
        const string NotAllowed = "method_not_allowed";
        static string As(string method, string path = "/plain/x") => $"{method} {path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer secret\r\n\r\n";
        foreach (var method in new[] { "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS" })
        {
            yield return Passes(method, As(method), seen => Assert.Equal(method, seen.Method));
        }

        yield return new WireCase("a method the route does not name", As("POST", "/named/x"), 405);
        yield return Refused("TRACE", As("TRACE"), 405, NotAllowed) with { Answers = answer => Assert.Contains("POST", answer.Header("Allow"), StringComparison.Ordinal) };
        yield return Refused("TRACE on a route that names it", As("TRACE", "/named/x"), 405, NotAllowed);
        yield return Refused("TRACE of a completion", As("TRACE", "/v1/chat/completions"), 405, NotAllowed);
        yield return Refused("TRACK", As("TRACK"), 405, NotAllowed);
        yield return Refused("a method nobody named", As("PROPFIND"), 405, NotAllowed);
        yield return Refused("a method in small letters", As("get"), 405, NotAllowed);
        yield return Refused("a method that only begins well", As("GETX"), 405, NotAllowed);
        yield return Breaks("a method that is no name", As("G(T"));
    }
}
