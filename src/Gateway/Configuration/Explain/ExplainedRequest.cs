namespace BlazeGateway.Configuration.Explain;

/// <summary>A request to explain.</summary>
/// <param name="Method">Method, upper case.</param>
/// <param name="Path">Path with its query, as a client sends it.</param>
/// <param name="Host">Host header.</param>
/// <param name="Headers">Headers that routes may ask for.</param>
internal sealed record ExplainedRequest(string Method, string Path, string Host, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    /// <summary>As ASP.NET Core would see it.</summary>
    public HttpContext ToContext()
    {
        var context = new DefaultHttpContext();
        var query = Path.IndexOf('?', StringComparison.Ordinal);
        context.Request.Method = Method;
        context.Request.Path = PathString.FromUriComponent(query < 0 ? Path : Path[..query]);
        context.Request.QueryString = query < 0 ? QueryString.Empty : new QueryString(Path[query..]);
        context.Request.Host = HostString.FromUriComponent(Host);
        foreach (var (name, value) in Headers)
        {
            context.Request.Headers.Append(name, value);
        }

        return context;
    }
}

/// <summary>What became of one route: whether it serves the request, and why or why not.</summary>
internal sealed record RouteVerdict(string RouteId, bool Wins, string Reason);
