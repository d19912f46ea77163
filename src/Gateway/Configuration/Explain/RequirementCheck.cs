using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Explain;

/// <summary>What a route asks of headers and query, by YARP's rules.</summary>
internal static class RequirementCheck
{
    /// <summary>The first requirement the request does not meet, in words; null when it meets all.</summary>
    public static string? Unmet(RouteMatch match, ExplainedRequest request)
    {
        var http = request.ToContext().Request;
        foreach (var header in match.Headers ?? [])
        {
            var sent = http.Headers.TryGetValue(header.Name, out var values) ? values.OfType<string>().ToArray() : null;
            if (!IsMet(header, sent))
            {
                return $"asks for the header {header.Name} ({header.Mode} {string.Join(", ", header.Values ?? [])})";
            }
        }

        foreach (var parameter in match.QueryParameters ?? [])
        {
            var sent = http.Query.TryGetValue(parameter.Name, out var values) ? values.OfType<string>().ToArray() : null;
            if (!IsMet(parameter, sent))
            {
                return $"asks for the query parameter {parameter.Name} ({parameter.Mode} {string.Join(", ", parameter.Values ?? [])})";
            }
        }

        return null;
    }

    private static bool IsMet(RouteHeader header, string[]? sent)
    {
        var comparison = header.IsCaseSensitive ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        var wanted = header.Values ?? [];
        return header.Mode switch
        {
            HeaderMatchMode.Exists => sent is not null,
            HeaderMatchMode.NotExists => sent is null,
            HeaderMatchMode.HeaderPrefix => sent?.Any(value => wanted.Any(want => value.StartsWith(want, comparison))) == true,
            HeaderMatchMode.Contains => sent?.Any(value => wanted.Any(want => value.Contains(want, comparison))) == true,
            HeaderMatchMode.NotContains => sent?.Any(value => wanted.Any(want => value.Contains(want, comparison))) != true,
            _ => sent?.Any(value => wanted.Any(want => value.Equals(want, comparison))) == true,
        };
    }

    private static bool IsMet(RouteQueryParameter parameter, string[]? sent)
    {
        var comparison = parameter.IsCaseSensitive ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        var wanted = parameter.Values ?? [];
        return parameter.Mode switch
        {
            QueryParameterMatchMode.Exists => sent is not null,
            QueryParameterMatchMode.Prefix => sent?.Any(value => wanted.Any(want => value.StartsWith(want, comparison))) == true,
            QueryParameterMatchMode.Contains => sent?.Any(value => wanted.Any(want => value.Contains(want, comparison))) == true,
            QueryParameterMatchMode.NotContains => sent?.Any(value => wanted.Any(want => value.Contains(want, comparison))) != true,
            _ => sent?.Any(value => wanted.Any(want => value.Equals(want, comparison))) == true,
        };
    }
}
