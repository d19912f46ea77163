using System.Globalization;
using System.Text;

namespace BlazeGateway.Benchmarks.Faults;

/// <summary>Rows as text, with what is promised below.</summary>
internal static class FaultTable
{
    /// <summary>The names of the columns.</summary>
    public static string Head { get; } =
        $"{"scenario",-16} {"front end",-14} {"requests",8} {"lost",6} {"broken",6} {"slowest ms",10} {"> 1 s",6} {"window s",8} {"ejected ms",10} {"back ms",8} {"attempts",8}  {"promise",-8} notes";

    /// <summary>One row. A promise is of the gateway only.</summary>
    public static string Row(FaultRow row, bool isPromised)
    {
        var verdict = !isPromised ? "" : row.Holds ? "holds" : "NOT held";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{row.Scenario,-16} {row.FrontEnd,-14} {row.Requests,8} {row.Lost,6} {row.Broken,6} {row.SlowestMs,10:0} {row.Slow,6} {row.WindowSeconds,8:0.00} {row.EjectedMs,10:0} {row.BackMs,8:0} {row.Attempts,8:0.00}  {verdict,-8} {row.Notes}").TrimEnd();
    }

    /// <summary>Each promise of these rows, a line each.</summary>
    public static string Promises(IEnumerable<FaultRow> rows)
    {
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            foreach (var promise in row.Promises)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"{row.FrontEnd} {row.Scenario}: {promise.What}: {promise.Seen}: {(promise.Holds ? "holds" : "NOT held")}");
            }
        }

        return text.ToString();
    }
}
