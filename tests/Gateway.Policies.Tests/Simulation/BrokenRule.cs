using System.Globalization;
using System.Runtime.CompilerServices;

namespace BlazeGateway.Policies.Tests.Simulation;

/// <summary>What is said of a rule that does not hold. Nothing is made of the words of one that does, and millions of them are looked at.</summary>
[InterpolatedStringHandler]
internal readonly struct BrokenRule
{
    private readonly System.Text.StringBuilder? _text;

    public BrokenRule(int literalLength, int formattedCount, bool holds, out bool isWanted)
    {
        isWanted = !holds;
        _text = holds ? null : new(literalLength + (8 * formattedCount));
    }

    public string Text => _text?.ToString() ?? "";

    public void AppendLiteral(string text) => _text!.Append(text);

    public void AppendFormatted<T>(T value) => _text!.Append(CultureInfo.InvariantCulture, $"{value}");

    public void AppendFormatted<T>(T value, string format)
        where T : IFormattable => _text!.Append(value.ToString(format, CultureInfo.InvariantCulture));
}
