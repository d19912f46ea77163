using System.Buffers.Text;

namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>
/// Goes through the samples of a page of metrics in Prometheus' text format (0.0.4, and what OpenMetrics shares with it). Comments, empty lines and lines that
/// are no samples are passed over, and so are lines longer than <see cref="MaxLineBytes"/>. Allocates nothing.
/// </summary>
/// <param name="page">The page.</param>
internal ref struct SampleReader(ReadOnlySpan<byte> page)
{
    /// <summary>Longest line read; longer ones are histograms' labels gone wild and nothing that is looked for.</summary>
    public const int MaxLineBytes = 16 * 1024;

    /// <summary>Most lines read; what follows is not.</summary>
    public const int MaxLines = 50_000;

    private ReadOnlySpan<byte> _rest = page;
    private int _lines;

    /// <summary>Name of the metric.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>What stands between the braces.</summary>
    public ReadOnlySpan<byte> Labels { get; private set; }

    /// <summary>The value, always finite.</summary>
    public double Value { get; private set; }

    /// <summary>Whether the page has more lines than are read.</summary>
    public readonly bool IsCut => _lines == MaxLines && !_rest.IsEmpty;

    /// <summary>Goes to the next sample; false at the end.</summary>
    public bool Next()
    {
        while (!_rest.IsEmpty && _lines < MaxLines)
        {
            _lines++;
            var end = _rest.IndexOf((byte)'\n');
            var line = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + 1)..];
            if (line.Length <= MaxLineBytes && TryRead(line))
            {
                return true;
            }
        }

        return false;
    }

    private bool TryRead(ReadOnlySpan<byte> line)
    {
        var nameEnd = line.IndexOfAny((byte)' ', (byte)'\t', (byte)'{');
        if (nameEnd <= 0 || line[0] == '#')
        {
            return false;
        }

        Name = line[..nameEnd];
        Labels = default;
        var rest = line[nameEnd..];
        if (rest[0] == '{')
        {
            var close = LabelSpan.Close(rest);
            if (close < 0)
            {
                return false;
            }

            Labels = rest[1..close];
            rest = rest[(close + 1)..];
        }

        rest = rest.TrimStart(" \t"u8);
        if (!Utf8Parser.TryParse(rest, out double value, out var read) || !double.IsFinite(value) || (read < rest.Length && rest[read] is not ((byte)' ' or (byte)'\t' or (byte)'\r')))
        {
            return false;
        }

        Value = value;
        return true;
    }
}

/// <summary>Labels of a sample, as they stand between its braces.</summary>
internal static class LabelSpan
{
    /// <summary>Where the brace that opens at 0 closes; −1 when it does not. Braces inside values do not count.</summary>
    public static int Close(ReadOnlySpan<byte> text)
    {
        var at = 0;
        while (at < text.Length)
        {
            var next = text[at..].IndexOfAny((byte)'"', (byte)'}');
            if (next < 0)
            {
                return -1;
            }

            at += next;
            if (text[at] == '}')
            {
                return at;
            }

            var end = ValueEnd(text, at + 1);
            if (end < 0)
            {
                return -1;
            }

            at = end + 1;
        }

        return -1;
    }

    /// <summary>The value of <paramref name="name"/> as it is written, escapes and all; empty when there is none.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> labels, ReadOnlySpan<byte> name)
    {
        while (labels.IndexOf((byte)'=') is > 0 and var equals && equals + 1 < labels.Length && labels[equals + 1] == '"')
        {
            var end = ValueEnd(labels, equals + 2);
            if (end < 0)
            {
                break;
            }

            if (labels[..equals].Trim(" ,\t"u8).SequenceEqual(name))
            {
                return labels[(equals + 2)..end];
            }

            labels = labels[(end + 1)..];
        }

        return default;
    }

    private static int ValueEnd(ReadOnlySpan<byte> text, int from)
    {
        for (var at = from; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                return at;
            }

            at += text[at] == '\\' ? 1 : 0;
        }

        return -1;
    }
}
