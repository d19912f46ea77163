using System.Globalization;

namespace BlazeGateway.Benchmarks.Acceptance;

/// <summary>Writes figures and counts promises.</summary>
/// <param name="output">Where to.</param>
internal sealed class AcceptanceReport(TextWriter output)
{
    /// <summary>Promises that hold.</summary>
    public int Held { get; private set; }

    /// <summary>Promises that do not.</summary>
    public int Broken { get; private set; }

    public void Title(string text) => output.WriteLine($"\n{text} (simulated)");

    public void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());

    /// <summary>A promise: what it is, what came out, and whether that is enough.</summary>
    public void Promise(FormattableString what, FormattableString found, bool holds)
    {
        (Held, Broken) = holds ? (Held + 1, Broken) : (Held, Broken + 1);
        Line($"  {(holds ? "holds  " : "BROKEN ")} {what.ToString(CultureInfo.InvariantCulture)}: {found.ToString(CultureInfo.InvariantCulture)}");
    }
}
