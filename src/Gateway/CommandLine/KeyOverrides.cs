namespace BlazeGateway.CommandLine;

/// <summary>Configuration keys given as <c>--Section:Key=value</c>, which come before every other source.</summary>
internal static class KeyOverrides
{
    /// <summary>Whether <paramref name="word"/> is such a key.</summary>
    public static bool IsKey(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        var colon = word.IndexOf(':', StringComparison.Ordinal);
        return word.StartsWith("--", StringComparison.Ordinal) && colon > "--".Length && equals > colon;
    }

    /// <summary>Keys and values of words that are such keys.</summary>
    public static List<KeyValuePair<string, string>> Read(IEnumerable<string> words) =>
        [.. words.Select(static word => word.Split('=', 2)).Select(static parts => KeyValuePair.Create(parts[0]["--".Length..], parts[1]))];
}
