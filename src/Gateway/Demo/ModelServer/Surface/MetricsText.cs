using System.Globalization;
using System.Text;
using BlazeGateway.Demo.ModelServer.Batching;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>Writes the Prometheus text format 0.0.4, one label set for all metrics.</summary>
internal sealed class MetricsText(string labels)
{
    private readonly StringBuilder _text = new();

    public MetricsText Gauge(string name, string help, double value) => Family(name, "gauge", help).Sample(name, "", value);

    public MetricsText Counter(string name, string help, double value) => Family(name, "counter", help).Sample(name, "", value);

    /// <summary>A metric with one label more; several samples of one family.</summary>
    public MetricsText Counter(string name, string help, string label, params ReadOnlySpan<(string Value, double Count)> samples)
    {
        Family(name, "counter", help);
        foreach (var (value, count) in samples)
        {
            Sample(name, $"{label}=\"{value}\"", count);
        }

        return this;
    }

    /// <summary>A gauge that is always 1 and says things in its labels.</summary>
    public MetricsText Labelled(string name, string help, string more) => Family(name, "gauge", help).Sample(name, more, 1);

    public MetricsText Histogram(string name, string help, Histogram histogram)
    {
        Family(name, "histogram", help);
        long cumulative = 0;
        for (var i = 0; i < histogram.Bounds.Count; i++)
        {
            cumulative += histogram.At(i);
            Sample(name + "_bucket", $"le=\"{histogram.Bounds[i].ToString(CultureInfo.InvariantCulture)}\"", cumulative);
        }

        cumulative += histogram.At(histogram.Bounds.Count);
        return Sample(name + "_bucket", "le=\"+Inf\"", cumulative).Sample(name + "_sum", "", histogram.Sum).Sample(name + "_count", "", cumulative);
    }

    public override string ToString() => _text.ToString();

    private MetricsText Family(string name, string type, string help)
    {
        _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        return this;
    }

    private MetricsText Sample(string name, string more, double value)
    {
        _text.Append(name);
        if (labels.Length + more.Length > 0)
        {
            _text.Append('{').Append(labels).Append(labels.Length > 0 && more.Length > 0 ? "," : "").Append(more).Append('}');
        }

        _text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        return this;
    }
}
