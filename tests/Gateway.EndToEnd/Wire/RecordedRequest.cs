namespace BlazeGateway.EndToEnd.Wire;

/// <summary>A request as a destination saw it. Whole: it was parsed to its end; otherwise <see cref="Breach"/> says what was wrong with it.</summary>
internal sealed record RecordedRequest(string Method, string Target, IReadOnlyList<KeyValuePair<string, string>> Headers, string Body, string? Breach)
{
    /// <summary>Whether it was parsed to its end and broke no rule.</summary>
    public bool IsWhole => Breach is null;

    /// <summary>The header's value, null when there is none, joined by a bar when there are several, so that a list and a repetition differ.</summary>
    public string? Header(string name)
    {
        var values = Headers.Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value).ToList();
        return values.Count == 0 ? null : string.Join('|', values);
    }

    public override string ToString() =>
        $"{Method} {Target} [{string.Join("; ", Headers.Select(header => $"{header.Key}: {header.Value}"))}] {Body} {Breach}";
}
