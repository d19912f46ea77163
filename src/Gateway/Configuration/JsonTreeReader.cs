using System.Text;
using System.Text.Json;

namespace BlazeGateway.Configuration;

/// <summary>
/// Reads JSON text into nodes with line and column. Comments and trailing commas are allowed as everywhere in .NET configuration;
/// a key that appears twice is an error, because one of the two would silently win.
/// </summary>
internal static class JsonTreeReader
{
    private const int MaxDepth = 64;

    /// <summary>Returns the root object, or null after adding an error.</summary>
    public static ConfigurationNode? Read(string file, ReadOnlySpan<byte> text, ConfigurationErrors errors)
    {
        if (text.StartsWith("\uFEFF"u8))
        {
            text = text[3..];
        }

        if (text.Trim(" \t\r\n"u8).IsEmpty)
        {
            errors.Add(new Place(file, 1, 1), KeyPath.Root, "The file is empty; a configuration is a JSON object, at least {}.");
            return null;
        }

        var reader = new Utf8JsonReader(text, new JsonReaderOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = MaxDepth });
        var lines = new Lines(file, text);
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                errors.Add(lines.PlaceOf(reader.TokenStartIndex), KeyPath.Root, "The file must hold a JSON object.");
                return null;
            }

            var root = ReadValue(ref reader, lines, KeyPath.Root, errors);
            while (reader.Read())
            {
            }

            return root;
        }
        catch (JsonException e)
        {
            var place = new Place(file, (int)(e.LineNumber ?? 0) + 1, lines.ColumnOf((int)(e.LineNumber ?? 0), (int)(e.BytePositionInLine ?? 0)));
            errors.Add(place, KeyPath.Root, $"Not valid JSON: {FirstSentence(e.Message)}");
        }
        catch (InvalidOperationException)
        {
            errors.Add(lines.PlaceOf(reader.TokenStartIndex), KeyPath.Root, "Not valid JSON: the text is not UTF-8.");
        }

        return null;
    }

    private static ConfigurationNode ReadValue(ref Utf8JsonReader reader, Lines lines, KeyPath path, ConfigurationErrors errors)
    {
        var place = lines.PlaceOf(reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var node = new ConfigurationNode(NodeKind.Object, null, place) { FromJson = true };
                ReadMembers(ref reader, lines, path, node, errors);
                return node;
            case JsonTokenType.StartArray:
                var array = new ConfigurationNode(NodeKind.Array, null, place) { FromJson = true };
                for (var i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
                {
                    var itemPlace = lines.PlaceOf(reader.TokenStartIndex);
                    var item = path.Then(i);
                    array.Members.Add(new ConfigurationMember(item.Key, itemPlace, ReadValue(ref reader, lines, item, errors)));
                }

                return array;
            case JsonTokenType.Number:
                return new ConfigurationNode(NodeKind.Number, Encoding.UTF8.GetString(reader.ValueSpan), place) { FromJson = true };
            case JsonTokenType.True or JsonTokenType.False:
                return new ConfigurationNode(NodeKind.Boolean, reader.TokenType == JsonTokenType.True ? "true" : "false", place) { FromJson = true };
            case JsonTokenType.Null:
                return new ConfigurationNode(NodeKind.Null, null, place) { FromJson = true };
            default:
                return new ConfigurationNode(NodeKind.String, reader.GetString(), place) { FromJson = true };
        }
    }

    private static void ReadMembers(ref Utf8JsonReader reader, Lines lines, KeyPath path, ConfigurationNode node, ConfigurationErrors errors)
    {
        var seen = new Dictionary<string, Place>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var keyPlace = lines.PlaceOf(reader.TokenStartIndex);
            var key = reader.GetString()!;
            var memberPath = path.Then(key);
            reader.Read();
            var value = ReadValue(ref reader, lines, memberPath, errors);
            if (seen.TryGetValue(key, out var first))
            {
                errors.Add(keyPlace, memberPath, $"'{key}' appears twice in the same object, first on line {first.Line}; remove one of them.");
            }
            else
            {
                seen.Add(key, keyPlace);
                node.Members.Add(new ConfigurationMember(key, keyPlace, value));
            }
        }
    }

    private static string FirstSentence(string message)
    {
        var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var sentence = end < 0 ? message : message[..end];
        return sentence.Contains("is invalid after a value", StringComparison.Ordinal) ? sentence + " A comma may be missing before this position." : sentence;
    }

    private readonly ref struct Lines
    {
        private readonly string _file;
        private readonly ReadOnlySpan<byte> _text;
        private readonly List<int> _starts;

        public Lines(string file, ReadOnlySpan<byte> text)
        {
            _file = file;
            _text = text;
            _starts = [0];
            for (var i = 0; i < text.Length; i++)
            {
                if (text[i] == '\n')
                {
                    _starts.Add(i + 1);
                }
            }
        }

        public Place PlaceOf(long offset)
        {
            var found = _starts.BinarySearch((int)offset);
            var line = found >= 0 ? found : ~found - 1;
            return new Place(_file, line + 1, ColumnOf(line, (int)offset - _starts[line]));
        }

        public int ColumnOf(int line, int bytes)
        {
            var start = _starts[Math.Min(line, _starts.Count - 1)];
            return Encoding.UTF8.GetCharCount(_text.Slice(start, Math.Clamp(bytes, 0, _text.Length - start))) + 1;
        }
    }
}
