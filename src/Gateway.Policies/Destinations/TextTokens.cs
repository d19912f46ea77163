namespace BlazeGateway.Policies.Destinations;

/// <summary>
/// Whether a prompt may be text, told from its size: pictures and recordings in it are many bytes and few tokens, their addresses few bytes and many tokens, and
/// neither says anything of the bytes that text has for each token.
/// </summary>
internal static class TextTokens
{
    /// <summary>Fewest bytes of a token.</summary>
    public const double LeastBytes = 0.5;

    /// <summary>Most bytes of a token.</summary>
    public const double MostBytes = 16;

    /// <param name="bytes">Bytes of the prompt.</param>
    /// <param name="tokens">Tokens that a model server stated for them.</param>
    public static bool MayBe(long bytes, int tokens) => tokens > 0 && (double)bytes / tokens is >= LeastBytes and <= MostBytes;
}
