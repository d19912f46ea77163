using System.Buffers;

namespace BlazeGateway.Policies.Destinations;

/// <summary>The rule for model names that come from outside: a destination's list or a file.</summary>
internal static class ModelName
{
    /// <summary>Longest name, characters.</summary>
    public const int MaxLength = 256;

    /// <summary>The rule in words, for messages.</summary>
    public const string Rule = "1 to 256 characters out of A-Z a-z 0-9 . _ : / @ + -";

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@+-");

    /// <summary>Whether <paramref name="name"/> keeps the rule.</summary>
    public static bool IsValid(ReadOnlySpan<char> name) =>
        name.Length is > 0 and <= MaxLength && !name.ContainsAnyExcept(Allowed);
}
