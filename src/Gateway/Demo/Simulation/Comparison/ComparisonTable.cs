using System.Globalization;
using System.Text;

namespace BlazeGateway.Demo.Simulation.Comparison;

/// <summary>Rows as text.</summary>
internal static class ComparisonTable
{
    /// <summary>One line for each row; <paramref name="title"/> and whose figures they are before them.</summary>
    public static string Write(string title, IReadOnlyList<ComparisonRow> rows)
    {
        var text = new StringBuilder();
        Line(text, $"{title} (simulated)");
        Line(text, $"{"strategy",-28} {"TTFT mean",10} {"p50",8} {"p95",8} {"p99",8} {"<= 1 s",8} {"mean/best",10} {"answer mean",12} {"p50",8} {"p99",8} {"failed",7} {"busy",6} {"CV busy",8} {"cached",7}");
        var best = Best(rows);
        foreach (var row in rows)
        {
            Line(text, $"{row.Name,-28} {row.FirstContent.Mean,10:0.000} {row.FirstContent.P50,8:0.000} {row.FirstContent.P95,8:0.000} {row.FirstContent.P99,8:0.000} {100 * row.WithinSecond,6:0.0} % {row.FirstContent.Mean / best,10:0.00} {row.Response.Mean,12:0.000} {row.Response.P50,8:0.000} {row.Response.P99,8:0.000} {row.Failed,7:0.#} {100 * row.Use,4:0} % {row.BusyVariation,8:0.000} {100 * row.HitRate,5:0.0} %");
        }

        foreach (var row in rows)
        {
            if (row.Arms.Count > 0)
            {
                Line(text, $"{row.Name} picked by {string.Join(", ", row.Arms.Select(arm => string.Create(CultureInfo.InvariantCulture, $"{arm.Key} {arm.Value}")))}");
            }
        }

        return text.ToString();
    }

    /// <summary>The least mean time to the first content of the strategies that go by one rule and are told nothing; of all when there is none.</summary>
    public static double Best(IReadOnlyList<ComparisonRow> rows) =>
        rows.Where(row => row.IsFixed).DefaultIfEmpty(rows.MinBy(row => row.FirstContent.Mean)!).Min(row => row.FirstContent.Mean);

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture).TrimEnd()).Append('\n');
}
