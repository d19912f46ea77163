using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;

namespace BlazeGateway.Policies.Destinations.Reports;

/// <summary>
/// The load a server tells with an answer (ORCA), as text (<c>TEXT named_metrics.kv_cache_usage_perc=0.4, …</c>) or JSON
/// (<c>JSON {"named_metrics": {"kv_cache_usage_perc": 0.4}}</c>). Reading allocates nothing.
/// </summary>
/// <param name="CacheUse">Use of the KV cache, 0 to 1.</param>
/// <param name="Waiting">Requests that wait.</param>
/// <param name="Running">Requests in the batch; vLLM does not tell them here.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LoadHeader(double? CacheUse, int? Waiting, int? Running)
{
    /// <summary>Header of the answer.</summary>
    public const string Name = "endpoint-load-metrics";

    /// <summary>Header of the request that asks for it.</summary>
    public const string Format = "endpoint-load-metrics-format";

    /// <summary>Longest value read, characters.</summary>
    public const int MaxLength = 4096;

    /// <summary>A destination's headers are taken at most this often: each leaves a report behind.</summary>
    public static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(50);

    private static readonly SearchValues<char> Digits = SearchValues.Create("+-.0123456789Ee");
    private static readonly TimeSpan Good = ReportPace.GoodFor(ReportPace.Busy);

    /// <summary>Reads a header's value; false when it says nothing that is looked for.</summary>
    public static bool TryRead(ReadOnlySpan<char> value, out LoadHeader told)
    {
        told = default;
        if (value.Length > MaxLength)
        {
            return false;
        }

        var use = Find(value, "kv_cache_usage_perc") ?? Find(value, "kv_cache_utilization");
        told = new(use is { } part ? Math.Min(1, part) : null, Count(Find(value, "num_requests_waiting")), Count(Find(value, "num_requests_running")));
        return told != default;
    }

    /// <summary>
    /// What is known after it was told, null when that is nothing new. Requests that wait are taken with those last known to run, for a server where any wait has a
    /// full batch; where none waited before and none does now, it says nothing of how many run.
    /// </summary>
    /// <param name="before">What was known.</param>
    /// <param name="now">Time.</param>
    /// <param name="inFlight">The gateway's own requests in flight now.</param>
    public ReportedLoad? After(ReportedLoad? before, TimeSpan now, int inFlight)
    {
        if (before is not null && now - before.TakenAt < Gap)
        {
            return null;
        }

        var facts = before?.Facts ?? ReportedFacts.Nothing;
        var (requests, cache) = (before?.Requests ?? default, before?.Cache ?? default);
        var moment = new ReportMoment(now, requests.GoodFor > TimeSpan.Zero ? requests.GoodFor : Good, inFlight);
        var runs = Running ?? (before?.TellsRequests(now) == true ? facts.Running : null);
        if (runs is not null && (Running is not null || Waiting > 0 || (Waiting is not null && facts.Waiting > 0)))
        {
            (facts, requests) = (facts with { Running = runs, Waiting = Waiting ?? facts.Waiting }, moment);
        }

        if (CacheUse is not null)
        {
            (facts, cache) = (facts with { CacheUse = CacheUse }, moment);
        }

        return new ReportedLoad(facts, requests, cache);
    }

    private static double? Find(ReadOnlySpan<char> value, ReadOnlySpan<char> name)
    {
        for (var at = value.IndexOf(name, StringComparison.Ordinal); at >= 0; at = value.IndexOf(name, StringComparison.Ordinal))
        {
            var isWhole = at == 0 || value[at - 1] is '.' or '"' or ' ' or ',';
            value = value[(at + name.Length)..];
            var rest = value.TrimStart('"').TrimStart(' ');
            if (!isWhole || rest.IsEmpty || rest[0] is not ('=' or ':'))
            {
                continue;
            }

            rest = rest[1..].TrimStart(' ');
            var end = rest.IndexOfAnyExcept(Digits);
            return double.TryParse(end < 0 ? rest : rest[..end], NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && number >= 0 ? number : null;
        }

        return null;
    }

    private static int? Count(double? number) => number is { } count ? (int)Math.Min(ReportPage.MaxRequests, count) : null;
}
