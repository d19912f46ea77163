using System.Xml.Linq;

namespace BlazeGateway.Configuration.Strict;

/// <summary>Summaries of properties from the documentation files the compiler writes beside the assemblies.</summary>
internal sealed class Documentation
{
    private readonly Dictionary<string, string> _summaries = new(StringComparer.Ordinal);

    /// <summary>Reads the files that exist.</summary>
    public static Documentation Read(params ReadOnlySpan<string> files)
    {
        var documentation = new Documentation();
        foreach (var file in files)
        {
            if (!File.Exists(file))
            {
                continue;
            }

            foreach (var member in XDocument.Load(file).Descendants("member"))
            {
                if (member.Element("summary") is { } summary && member.Attribute("name")?.Value is { } name)
                {
                    documentation._summaries[name] = Text(summary);
                }
            }
        }

        return documentation;
    }

    public string? SummaryOf(string? id) => id is not null && _summaries.TryGetValue(id, out var summary) ? summary : null;

    private static string Text(XElement summary)
    {
        var parts = summary.DescendantNodes().Select(static node => node switch
        {
            XText text => text.Value,
            XElement element when element.Attribute("cref") is { } reference => reference.Value[(reference.Value.LastIndexOf('.') + 1)..],
            XElement element when element.Attribute("langword") is { } word => word.Value,
            _ => "",
        });
        return string.Join(' ', string.Concat(parts).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
