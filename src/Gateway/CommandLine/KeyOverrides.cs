using System.Diagnostics.CodeAnalysis;

namespace BlazeGateway.CommandLine;

/// <summary>Reads configuration keys given as <c>--Section:Key=value</c>, which come before every other source.</summary>
internal static class KeyOverrides
{
    /// <summary>False, and why, when a word is neither an option of the verb nor such a key.</summary>
    public static bool TryRead(IReadOnlyList<string> words, out List<KeyValuePair<string, string>> keys, [NotNullWhen(false)] out string? error)
    {
        keys = [];
        foreach (var word in words)
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var colon = word.IndexOf(':', StringComparison.Ordinal);
            if (!word.StartsWith("--", StringComparison.Ordinal) || equals < 0 || colon < 0 || colon > equals)
            {
                error = $"'{word}' is not an option of this command. A configuration key is written --Section:Key=value, for example --Admin:Url=http://127.0.0.1:8091; 'blaze run --help' lists the options.";
                return false;
            }

            keys.Add(KeyValuePair.Create(word[2..equals], word[(equals + 1)..]));
        }

        error = null;
        return true;
    }
}
