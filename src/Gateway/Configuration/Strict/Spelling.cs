namespace BlazeGateway.Configuration.Strict;

/// <summary>Finds the name that was probably meant.</summary>
internal static class Spelling
{
    private const int LongestWord = 100;

    /// <summary>The nearest of <paramref name="known"/>, or null when none is near enough to be a slip.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        if (word.Length > LongestWord)
        {
            return null;
        }

        var limit = Math.Max(1, word.Length / 3);
        string? best = null;
        foreach (var candidate in known)
        {
            var distance = Distance(word.ToUpperInvariant(), candidate.ToUpperInvariant());
            if (distance <= limit && (best is null || distance < Distance(word.ToUpperInvariant(), best.ToUpperInvariant())))
            {
                best = candidate;
            }
        }

        return best;
    }

    /// <summary>Edits (insert, delete, replace, swap of neighbours) from one word to the other: optimal string alignment distance.</summary>
    public static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i, j] = i + j;
                    continue;
                }

                var replace = rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(replace, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[a.Length, b.Length];
    }
}
