using System.Text;

namespace BlazeGateway.Policies.Inference;

/// <summary>The members of a request body the gateway acts on.</summary>
internal enum PeekField : byte
{
    None,
    Model,
    Stream,
    MaxTokens,
    MaxCompletionTokens,
    MaxOutputTokens,
    N,
    BestOf,
    StreamOptions,
    IncludeUsage,
    Options,
    NumPredict,
    PromptCacheKey,
    CacheSalt,
    User,
    Conversation,
    Store,
    Background,
    Tools,
    System,
    Instructions,
    Messages,
    Prompt,
    Input,
}

/// <summary>Finds a member by name, and says when only a lenient parser would.</summary>
internal static class PeekFields
{
    private const int LongestName = 24;

    private static readonly (string Name, PeekField Field)[] _openAi =
    [
        ("model", PeekField.Model), ("stream", PeekField.Stream), ("max_tokens", PeekField.MaxTokens),
        ("max_completion_tokens", PeekField.MaxCompletionTokens), ("max_output_tokens", PeekField.MaxOutputTokens),
        ("n", PeekField.N), ("best_of", PeekField.BestOf), ("stream_options", PeekField.StreamOptions),
        ("prompt_cache_key", PeekField.PromptCacheKey), ("cache_salt", PeekField.CacheSalt), ("user", PeekField.User),
        ("conversation", PeekField.Conversation),
        ("store", PeekField.Store), ("background", PeekField.Background), ("tools", PeekField.Tools),
        ("instructions", PeekField.Instructions), ("messages", PeekField.Messages), ("prompt", PeekField.Prompt), ("input", PeekField.Input),
    ];

    private static readonly (string Name, PeekField Field)[] _anthropic =
    [
        ("model", PeekField.Model), ("stream", PeekField.Stream), ("max_tokens", PeekField.MaxTokens),
        ("metadata", PeekField.User), ("tools", PeekField.Tools), ("system", PeekField.System), ("messages", PeekField.Messages),
    ];

    private static readonly (string Name, PeekField Field)[] _ollama =
    [
        ("model", PeekField.Model), ("stream", PeekField.Stream), ("options", PeekField.Options), ("tools", PeekField.Tools),
        ("system", PeekField.System), ("messages", PeekField.Messages), ("prompt", PeekField.Prompt), ("input", PeekField.Input),
    ];

    private static readonly FieldTable _openAiTable = new(_openAi);
    private static readonly FieldTable _anthropicTable = new(_anthropic);
    private static readonly FieldTable _ollamaTable = new(_ollama);
    private static readonly FieldTable _streamOptionsTable = new([("include_usage", PeekField.IncludeUsage)]);
    private static readonly FieldTable _optionsTable = new([("num_predict", PeekField.NumPredict)]);

    /// <summary>Finds a member of the root (<paramref name="parent"/> is none) or of an object member the gateway looks into.</summary>
    /// <param name="dialect">Dialect of the body.</param>
    /// <param name="parent">Member of the root that holds it.</param>
    /// <param name="name">Decoded name.</param>
    /// <param name="exact">False when the name fits only without regard to case. Go's encoding/json matches so, and folds U+017F to s and U+212A to k.</param>
    public static PeekField Find(Dialect dialect, PeekField parent, ReadOnlySpan<byte> name, out bool exact)
    {
        var table = parent switch
        {
            PeekField.StreamOptions => _streamOptionsTable,
            PeekField.Options => _optionsTable,
            _ => dialect switch
            {
                Dialect.Anthropic => _anthropicTable,
                Dialect.Ollama => _ollamaTable,
                _ => _openAiTable,
            },
        };
        Span<byte> folded = stackalloc byte[LongestName];
        var length = Fold(name, folded, out exact);
        return length == 0 ? PeekField.None : table.Find(folded[..length]);
    }

    /// <summary>The member's name as documentation writes it.</summary>
    public static string NameOf(PeekField field) => field switch
    {
        PeekField.IncludeUsage => "stream_options.include_usage",
        PeekField.NumPredict => "options.num_predict",
        PeekField.System => "system",
        PeekField.Options => "options",
        _ => _openAiTable.NameOf(field),
    };

    private static int Fold(ReadOnlySpan<byte> name, Span<byte> folded, out bool exact)
    {
        exact = true;
        var length = 0;
        for (var i = 0; i < name.Length; i++, length++)
        {
            if (length == folded.Length)
            {
                return 0;
            }

            var b = name[i];
            if (b is >= (byte)'A' and <= (byte)'Z')
            {
                exact = false;
                b |= 0x20;
            }
            else if (b == 0xC5 && i + 1 < name.Length && name[i + 1] == 0xBF)
            {
                exact = false;
                b = (byte)'s';
                i++;
            }
            else if (b == 0xE2 && i + 2 < name.Length && name[i + 1] == 0x84 && name[i + 2] == 0xAA)
            {
                exact = false;
                b = (byte)'k';
                i += 2;
            }

            folded[length] = b;
        }

        return length;
    }

    private sealed class FieldTable
    {
        private readonly (byte[] Name, PeekField Field)[] _rows;

        public FieldTable((string Name, PeekField Field)[] rows) =>
            _rows = [.. rows.Select(row => (Encoding.UTF8.GetBytes(row.Name), row.Field))];

        public PeekField Find(ReadOnlySpan<byte> name)
        {
            foreach (var (candidate, field) in _rows)
            {
                if (name.SequenceEqual(candidate))
                {
                    return field;
                }
            }

            return PeekField.None;
        }

        public string NameOf(PeekField field) => Encoding.UTF8.GetString(Array.Find(_rows, row => row.Field == field).Name);
    }
}
