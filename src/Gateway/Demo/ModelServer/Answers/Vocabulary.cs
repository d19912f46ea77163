using System.Text.Json;

namespace BlazeGateway.Demo.ModelServer.Answers;

/// <summary>The words a simulated model says, one per token, encoded once: as they stand inside a JSON string and as text.</summary>
internal static class Vocabulary
{
    private const string Words =
        "the of and to in is it that for on with as are this by be at or from an was not which have one all we can more when there their so if " +
        "request model server token stream answer queue cache block batch step time load health route cluster gateway client prompt text word " +
        "first next last each every same other small large fast slow early late open close new old long short high low begins ends keeps moves " +
        "waits reads writes sends grows falls stays holds turns meets light water stone river mountain window garden morning evening winter summer " +
        "blue green white silver quiet bright simple careful naïve café Zürich 東京 мир ½ → 🙂 \"quoted\" back\\slash tab\tbed line\nbreak end. then, " +
        "because however therefore although while until after before between under over through across along";

    private static readonly string[] Texts = Words.Split(' ').Select((word, i) => i == 0 ? word : " " + word).ToArray();
    private static readonly byte[][] Escaped = [.. Texts.Select(Escape)];

    /// <summary>The token's place in the vocabulary.</summary>
    public static int At(ulong seed, int index) => (int)(Chance.Mix(seed, (ulong)index + 1) % (ulong)Texts.Length);

    /// <summary>Bytes of token <paramref name="index"/> inside a JSON string, without quotation marks.</summary>
    public static ReadOnlySpan<byte> JsonBytes(ulong seed, int index) => Escaped[At(seed, index)];

    public static string Text(ulong seed, int index) => Texts[At(seed, index)];

    /// <summary>How many tokens of the answer <paramref name="text"/> is the beginning of; 0 when the answer does not begin so.</summary>
    public static int Count(ulong seed, string text)
    {
        var (count, at) = (0, 0);
        for (; at < text.Length; count++)
        {
            var next = Text(seed, count);
            if (string.CompareOrdinal(text, at, next, 0, next.Length) != 0)
            {
                return 0;
            }

            at += next.Length;
        }

        return count;
    }

    private static byte[] Escape(string text)
    {
        var quoted = JsonSerializer.SerializeToUtf8Bytes(text, AnswerJson.Relaxed.String);
        return quoted[1..^1];
    }
}
