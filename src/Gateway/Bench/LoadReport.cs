using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace BlazeGateway.Bench;

/// <summary>Writes results: JSON for programs, a short text for people.</summary>
internal static class LoadReport
{
    /// <summary>How results stand in files: camelCase, indented, absent values left out.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string ToJson(LoadResult result) => JsonSerializer.Serialize(result, Json);

    public static string ToText(LoadResult result)
    {
        var text = new StringBuilder();
        Line(text, $"requests   {result.Requests} in {result.ElapsedSeconds:0.00} s: {result.Ok} ok, {result.Failed} failed ({result.Attempts} attempts, {result.Connects} connections opened)");
        Line(text, $"throughput {result.OkPerSecond:0.0} ok/s; goodput {result.GoodPerSecond:0.0}/s ({result.GoodShare:P1} within {result.Settings.TtftTargetMs:0} ms)");
        foreach (var (outcome, count) in result.Outcomes)
        {
            Line(text, $"  {outcome,-18} {count}");
        }

        if (result.Statuses.Count > 0)
        {
            Line(text, $"statuses   {string.Join(", ", result.Statuses.Select(status => $"{status.Key}: {status.Value}"))}");
        }

        Line(text, $"{"ms",-18} {"p50",10} {"p90",10} {"p99",10} {"p99.9",10} {"max",10} {"mean",10}");
        Row(text, "latency", result.Latency);
        Row(text, "first token", result.TimeToFirstToken);
        Row(text, "between tokens", result.InterTokenLatency);
        Row(text, "per output token", result.TimePerOutputToken);
        Row(text, "failures", result.FailureLatency);
        Row(text, "loader's lag", result.Loader.Lag);
        if (result.Hashes is { } hashes)
        {
            Line(text, $"bodies     {hashes.Count} different SHA-256");
        }

        Line(text, $"loader     {result.Loader.CpuSeconds:0.00} s CPU, {result.Loader.CpuShare:P0} of {result.Loader.Cores} core(s)");
        foreach (var reason in result.Void)
        {
            Line(text, $"VOID       {reason}");
        }

        return text.ToString();
    }

    private static void Row(StringBuilder text, string name, Percentiles? values)
    {
        if (values is { Count: > 0 })
        {
            Line(text, $"{name,-18} {values.P50,10:0.000} {values.P90,10:0.000} {values.P99,10:0.000} {values.P999,10:0.000} {values.Max,10:0.000} {values.Mean,10:0.000}");
        }
    }

    private static void Line(StringBuilder text, FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
}
