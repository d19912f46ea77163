using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>Reads what a server tells of itself: a page of Prometheus metrics, or Ollama's list of models in memory.</summary>
internal static class ReportPage
{
    /// <summary>Largest page read.</summary>
    public const int MaxBytes = 2 * 1024 * 1024;

    /// <summary>Most adapters or models named.</summary>
    public const int MaxNames = 256;

    /// <summary>Most requests believed.</summary>
    public const int MaxRequests = 1_000_000;

    /// <summary>What the page says, null when it says nothing that is looked for.</summary>
    /// <param name="kind">Kind of the server.</param>
    /// <param name="page">The page, UTF-8.</param>
    public static ReportedFacts? Read(string kind, ReadOnlySpan<byte> page) => kind == ModelServerKinds.Ollama ? ReadResident(page) : ReadMetrics(kind, page);

    private static ReportedFacts? ReadMetrics(string kind, ReadOnlySpan<byte> page)
    {
        var names = ReportNames.Of(kind);
        var draft = new Draft();
        var reader = new SampleReader(page);
        while (reader.Next())
        {
            foreach (var name in names)
            {
                if (reader.Name.SequenceEqual(name.Name) && (name.Label is null || LabelSpan.Find(reader.Labels, name.Label).SequenceEqual(name.LabelValue)))
                {
                    draft.Take(name.Field, reader.Labels, reader.Value);
                }
            }
        }

        var facts = draft.ToFacts();
        return facts.SaysAnything ? facts : null;
    }

    private static ReportedFacts? ReadResident(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref json);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("models", out var models) || models.ValueKind != JsonValueKind.Array)
            {
                return null;
            }

            var names = models.EnumerateArray().Select(static model => model.ValueKind == JsonValueKind.Object && model.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString()! : "");
            return new ReportedFacts { ResidentModels = [.. names.Where(static name => ModelName.IsValid(name)).Take(MaxNames)] };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Sums over the engines of a server, and over the models of one that has several.</summary>
    private sealed class Draft
    {
        private readonly double[] _sums = new double[Enum.GetValues<ReportField>().Length];
        private readonly int[] _counts = new int[Enum.GetValues<ReportField>().Length];
        private ImmutableArray<string> _running = [];
        private ImmutableArray<string> _waiting = [];
        private double _newest = double.NegativeInfinity;

        public void Take(ReportField field, ReadOnlySpan<byte> labels, double value)
        {
            // Every rank of SGLang's tensor parallelism may tell the same once more; that of data parallelism is an engine of its own.
            if (LabelSpan.Find(labels, "tp_rank"u8) is { IsEmpty: false } rank && !rank.SequenceEqual("0"u8))
            {
                return;
            }

            switch (field)
            {
                case ReportField.CacheSize:
                    Add(ReportField.CacheBlocks, labels, "num_gpu_blocks"u8, "num_pages"u8);
                    Add(ReportField.BlockTokens, labels, "block_size"u8, "page_size"u8);
                    break;
                case ReportField.Adapters when value >= _newest:
                    _newest = value;
                    _running = Names(LabelSpan.Find(labels, "running_lora_adapters"u8));
                    _waiting = Names(LabelSpan.Find(labels, "waiting_lora_adapters"u8));
                    break;
                case ReportField.Adapters:
                    break;
                default:
                    Add(field, value);
                    break;
            }
        }

        public ReportedFacts ToFacts() => new()
        {
            Waiting = Count(ReportField.Waiting, MaxRequests),
            Running = Count(ReportField.Running, MaxRequests),
            CacheUse = Mean(ReportField.CacheUse) ?? Mean(ReportField.OldCacheUse),
            PromptTokens = Sum(ReportField.PromptTokens),
            GeneratedTokens = Sum(ReportField.GeneratedTokens),
            MaxRunning = Count(ReportField.MaxRunning, MaxRequests),
            CacheBlocks = Sum(ReportField.CacheBlocks),
            BlockTokens = _counts[(int)ReportField.BlockTokens] == 0 ? null : (int)Math.Min(int.MaxValue, _sums[(int)ReportField.BlockTokens] / _counts[(int)ReportField.BlockTokens]),
            RunningAdapters = _running,
            WaitingAdapters = _waiting,
        };

        private void Add(ReportField field, double value)
        {
            if (value >= 0)
            {
                _sums[(int)field] += value;
                _counts[(int)field]++;
            }
        }

        private void Add(ReportField field, ReadOnlySpan<byte> labels, ReadOnlySpan<byte> label, ReadOnlySpan<byte> other)
        {
            var text = LabelSpan.Find(labels, label) is { IsEmpty: false } value ? value : LabelSpan.Find(labels, other);
            if (Utf8Parser.TryParse(text, out long number, out var read) && read == text.Length)
            {
                Add(field, number);
            }
        }

        private long? Sum(ReportField field) => _counts[(int)field] == 0 ? null : (long)Math.Min(1e18, _sums[(int)field]);

        private int? Count(ReportField field, int most) => _counts[(int)field] == 0 ? null : (int)Math.Min(most, _sums[(int)field]);

        private double? Mean(ReportField field) => _counts[(int)field] == 0 ? null : Math.Min(1, _sums[(int)field] / _counts[(int)field]);

        private static ImmutableArray<string> Names(ReadOnlySpan<byte> list) => list.IsEmpty
            ? []
            : [.. Encoding.UTF8.GetString(list).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(static name => ModelName.IsValid(name)).Take(MaxNames)];
    }
}
